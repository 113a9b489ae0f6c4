// Options of nurseries and starts: checked in full before anything happens, and completed with their defaults.
import type {
  CommonOptions,
  Grants,
  NurseryOptions,
  ProcessOptions,
  SpawnMethod,
  WasmOptions,
} from "../context/surface.js";
import { InvalidOption, Unsupported } from "../errors/kinds.js";
import { checkBoolean, checkDuration, checkKnown, checkObject, checkOneOf, checkSignal } from "../portal/check.js";
import { CHANNEL_VARIABLE } from "../protocol/entry-contract.js";
import { LEVELS } from "../protocol/here.js";

/** Defaults of every wait, in ms (design sections 4 and 6). */
export const START_TIMEOUT = 10_000;
export const CANCEL_TIMEOUT = 500;
export const KILL_TIMEOUT = 1_600;

const NURSERY_OPTIONS = ["name", "startTimeout", "cancelTimeout", "killTimeout", "onDeath", "onDeaf", "signals"];
const COMMON_OPTIONS = ["spawn", "startTimeout", "cancelTimeout", "onDeaf", "signal", "stdio"];
const PROCESS_OPTIONS = ["killTimeout", "preload", "inheritMain", "env", "cwd", "execArgv"];
const OWN_OPTIONS: Readonly<Record<SpawnMethod, readonly string[]>> = {
  forkserver: PROCESS_OPTIONS,
  // It has this process's flags, and the modules that this one has loaded.
  main_thread_forkserver: PROCESS_OPTIONS.filter((name) => name !== "execArgv" && name !== "preload"),
  exec: PROCESS_OPTIONS,
  wasm: ["limits", "grants", "imports"],
};
/** What belongs to the verb, whatever the method. */
const VERB_OPTIONS = {
  start: ["name", "onDeath"],
  run: ["name", "deadline"],
  pool: ["name", "nursery", "size", "minSize", "maxQueue", "idleTimeout", "maxCallsPerActor", "concurrency"],
  cluster: ["name", "nursery", "size", "names"],
} as const;

/** Options of a start under any method, as they were given. */
export type AnyOptions = CommonOptions &
  Pick<ProcessOptions, "killTimeout" | "preload" | "inheritMain" | "env" | "cwd" | "execArgv"> &
  Pick<WasmOptions, "limits" | "grants" | "imports"> & {
    spawn?: SpawnMethod | undefined;
    name?: string | undefined;
    deadline?: number | undefined;
  };

export function checkNurseryOptions(what: string, options: NurseryOptions): void {
  checkObject(what, options);
  checkKnown(what, options, NURSERY_OPTIONS);
  if (options.name !== undefined) checkName(`${what}: name`, options.name);
  checkTimes(what, options);
  checkBoolean(`${what}: signals`, options.signals);
}

/** Checks everything of a start that does not depend on the actor. */
export function checkStartOptions(
  what: string,
  options: AnyOptions,
  verb: keyof typeof VERB_OPTIONS,
  method: SpawnMethod,
): void {
  checkFitting(what, options, verb, method);
  checkTimes(what, options);
  checkDuration(`${what}: deadline`, options.deadline);
  checkSignal(`${what}: signal`, options.signal);
  checkBoolean(`${what}: inheritMain`, options.inheritMain);
  checkEnvironment(`${what}: env`, options.env);
  if (options.cwd !== undefined && typeof options.cwd !== "string")
    throw new InvalidOption(`${what}: cwd`, options.cwd, "an absolute path");
  if (options.execArgv !== undefined && !Array.isArray(options.execArgv))
    throw new InvalidOption(`${what}: execArgv`, options.execArgv, "an array of flags for Node");
  const { stdio } = options;
  if (stdio !== undefined && stdio !== "forward" && stdio !== "ignore" && typeof stdio !== "function") {
    throw new InvalidOption(`${what}: stdio`, stdio, '"forward", "ignore" or a function that is given each line');
  }
  checkPreload(`${what}: preload`, options.preload);
  checkGrants(what, options.grants);
  checkImports(what, options.imports);
}

/** Refuses options that do not exist, and those that belong to another spawn method. */
function checkFitting(what: string, options: AnyOptions, verb: keyof typeof VERB_OPTIONS, method: SpawnMethod): void {
  const known = [...VERB_OPTIONS[verb], ...COMMON_OPTIONS, ...OWN_OPTIONS[method]];
  const given: Record<string, unknown> = { ...options };
  for (const name of new Set(Object.values(OWN_OPTIONS).flat())) {
    if (OWN_OPTIONS[method].includes(name)) continue;
    if (given[name] !== undefined) {
      const others = Object.entries(OWN_OPTIONS).flatMap(([other, names]) => (names.includes(name) ? [other] : []));
      throw new InvalidOption(
        `${what}: ${name}`,
        given[name],
        `the options ${known.join(", ")}; ${name} is one of spawn method ${others.join(", ")}, and this is ${method}`,
      );
    }
    delete given[name];
  }
  checkKnown(what, given, known);
}

const PRELOADS = "true for the actor's own module, or an array of absolute paths, URLs as texts, and names of packages";

function checkPreload(option: string, preload: unknown): void {
  if (preload === undefined || typeof preload === "boolean") return;
  if (!Array.isArray(preload)) throw new InvalidOption(option, preload, PRELOADS);
  for (const [index, one] of preload.entries()) {
    if (typeof one !== "string" || one === "" || one.startsWith(".") || one.includes("\0"))
      throw new InvalidOption(
        `${option}[${index}]`,
        one,
        'an absolute path, "file:" URL or name of a package, as a text',
      );
    if (/^[a-z][a-z0-9+.-]+:/i.test(one) && !/^(file|node):/.test(one))
      throw new InvalidOption(`${option}[${index}]`, one, 'a URL with the protocol "file:"');
  }
}

/** The spawn methods that a wasm actor may start actors of its own with. */
export function actorsGranted(grants: object | undefined): readonly SpawnMethod[] {
  return (grants as Grants | undefined)?.actors ?? [];
}

const SPAWN_METHODS = Object.keys(OWN_OPTIONS);

function checkGrants(what: string, grants: unknown): void {
  if (grants === undefined) return;
  if (typeof grants !== "object" || grants === null || Array.isArray(grants))
    throw new InvalidOption(`${what}: grants`, grants, 'an object, as { actors: ["wasm"] }');
  for (const [key, value] of Object.entries(grants)) {
    if (key !== "actors")
      throw new Unsupported(
        `grants.${key}`,
        "this version grants a wasm actor nothing but actors of its own. Give it what it needs as arguments of calls",
      );
    if (value === undefined) continue;
    if (!Array.isArray(value) || !value.every((one) => SPAWN_METHODS.includes(one as string)))
      throw new InvalidOption(
        `${what}: grants.actors`,
        value,
        `an array of spawn methods: ${SPAWN_METHODS.join(", ")}`,
      );
  }
}

/** What this version has none of may be given as none. */
function checkImports(what: string, imports: unknown): void {
  if (imports === undefined) return;
  if (typeof imports !== "object" || imports === null || Array.isArray(imports))
    throw new InvalidOption(`${what}: imports`, imports, "an object, which in this version is empty");
  const [first] = Object.keys(imports);
  if (first === undefined) return;
  throw new Unsupported(
    `imports.${first}`,
    "this version gives no functions of the host to components. Give them what they need as arguments of calls",
  );
}

function checkTimes(
  what: string,
  options: Pick<ProcessOptions, "startTimeout" | "cancelTimeout" | "killTimeout" | "onDeath" | "onDeaf">,
): void {
  checkDuration(`${what}: startTimeout`, options.startTimeout);
  checkDuration(`${what}: cancelTimeout`, options.cancelTimeout);
  checkDuration(`${what}: killTimeout`, options.killTimeout);
  checkOneOf(`${what}: onDeath`, options.onDeath, ["fail", "report"]);
  checkOneOf(`${what}: onDeaf`, options.onDeaf, ["kill", "report"]);
}

/** A name stands in paths, titles and log lines: printable, without the path's own separator. */
export function checkName(option: string, name: unknown): asserts name is string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (typeof name !== "string" || name.length === 0 || name.length > 200 || /[/\u0000-\u001f\u007f]/.test(name)) {
    throw new InvalidOption(option, name, "a string of 1 to 200 characters without / and control characters");
  }
}

function checkEnvironment(option: string, env: unknown): void {
  if (env === undefined) return;
  if (typeof env !== "object" || env === null || Array.isArray(env))
    throw new InvalidOption(option, env, "an object of strings");
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && typeof value !== "string")
      throw new InvalidOption(`${option}.${name}`, value, "a string, or undefined to leave it out");
    if (name === "NODE_OPTIONS")
      throw new InvalidOption(
        `${option}.NODE_OPTIONS`,
        value,
        "flags for Node in execArgv, where brood can check them",
      );
    if (name === "BROOD_LOGLEVEL") checkOneOf(`${option}.BROOD_LOGLEVEL`, value, LEVELS);
    if (name === CHANNEL_VARIABLE)
      throw new InvalidOption(`${option}.${name}`, value, "another name: this one is brood's own");
    if (name === "" || name.includes("=") || name.includes("\0") || value?.includes("\0") === true) {
      throw new InvalidOption(`${option}.${name}`, value, "a name without = and a value, both without null characters");
    }
  }
}
