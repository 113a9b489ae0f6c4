// The environment of a process actor: little by default, what the user gives, and nothing that would make Node something else.
import { CHANNEL_VARIABLE, CODE_CACHE_VARIABLE } from "../protocol/entry-contract.js";

/** Passed on where this process has them (design section 4). */
const DEFAULTS = ["PATH", "HOME", "LANG", "TZ"];
/** Windows cannot start a process without these. */
const WINDOWS = ["SystemRoot", "windir", "TEMP", "TMP"];

export function actorEnvironment(
  given: { readonly [name: string]: string | undefined } | undefined,
  token: string,
  codeCache: string | undefined,
): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const name of process.platform === "win32" ? [...DEFAULTS, ...WINDOWS] : DEFAULTS) {
    if (process.env[name] !== undefined) env[name] = process.env[name];
  }
  // brood's own settings hold for the whole tree.
  for (const [name, value] of Object.entries(process.env)) if (name.startsWith("BROOD_")) env[name] = value;
  // child_process hands it down unless told not to, and the actor would then write into the host's report.
  env["NODE_V8_COVERAGE"] = undefined;
  for (const [name, value] of Object.entries(given ?? {})) {
    env[name] = value;
  }
  env[CHANNEL_VARIABLE] = token;
  env[CODE_CACHE_VARIABLE] = codeCache;
  return env;
}
