// The environment of a process actor: little by default, what the user gives, and nothing that would make Node something else.
import { CHANNEL_VARIABLE, CODE_CACHE_VARIABLE, TEMPLATE_VARIABLE } from "../protocol/entry-contract.js";

/** Passed on where this process has them (design section 4). */
const DEFAULTS = ["PATH", "HOME", "LANG", "TZ"];
/** Windows cannot start a process without these. */
const WINDOWS = ["SystemRoot", "windir", "TEMP", "TMP"];

type Given = { readonly [name: string]: string | undefined } | undefined;

/** The environment of an actor, whatever makes its process. */
export function ownEnvironment(given: Given): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const name of process.platform === "win32" ? [...DEFAULTS, ...WINDOWS] : DEFAULTS) {
    if (process.env[name] !== undefined) env[name] = process.env[name];
  }
  // brood's own settings hold for the whole tree.
  for (const [name, value] of Object.entries(process.env)) if (name.startsWith("BROOD_")) env[name] = value;
  for (const [name, value] of Object.entries(given ?? {})) env[name] = value;
  return env;
}

/** The environment to start an actor's process with. */
export function actorEnvironment(given: Given, token: string, codeCache: string | undefined): NodeJS.ProcessEnv {
  return { ...NO_COVERAGE, ...ownEnvironment(given), [CHANNEL_VARIABLE]: token, [CODE_CACHE_VARIABLE]: codeCache };
}

/** child_process hands it down unless told not to, and the actor would then write into the host's report. */
const NO_COVERAGE = { NODE_V8_COVERAGE: undefined };

/** What Node, its libraries and the C library read once, when a process starts. */
const AT_START = /^(NODE_|UV_|LANG|LC_|ICU_|OPENSSL_|SSL_|LD_|MALLOC_|GLIBC_)/;

/** What of an actor's environment its template must have been started with. */
export function startEnvironment(given: Given): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([name]) => AT_START.test(name)));
}

/** The environment to start a template with. */
export function templateEnvironment(
  given: NodeJS.ProcessEnv,
  order: string,
  codeCache: string | undefined,
): NodeJS.ProcessEnv {
  return { ...NO_COVERAGE, ...ownEnvironment(given), [TEMPLATE_VARIABLE]: order, [CODE_CACHE_VARIABLE]: codeCache };
}
