// Options of nurseries and starts: checked in full before anything happens, and completed with their defaults.
import type {
  CommonOptions,
  NurseryOptions,
  ProcessOptions,
  SourceKind,
  SpawnMethod,
  WasmOptions,
} from "../context/surface.js";
import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import { InvalidOption, Unsupported } from "../errors/kinds.js";
import { checkBoolean, checkDuration, checkKnown, checkObject, checkOneOf, checkSignal } from "../portal/check.js";
import { CHANNEL_VARIABLE } from "../protocol/entry-contract.js";
import { LEVELS } from "../protocol/here.js";
import { exec } from "../spawn/exec.js";
import { forkserver } from "../spawn/forkserver.js";
import { mainThreadForkserver } from "../spawn/main-thread.js";
import type { SpawnMethodImplementation } from "../spawn/method.js";
import { wasm } from "../spawn/wasm.js";

/** Defaults of every wait, in ms (design sections 4 and 6). */
export const START_TIMEOUT = 10_000;
export const CANCEL_TIMEOUT = 500;
export const KILL_TIMEOUT = 1_600;

/** The methods that work in this version. */
const METHODS: Readonly<Record<SpawnMethod, SpawnMethodImplementation>> = {
  forkserver,
  main_thread_forkserver: mainThreadForkserver,
  exec,
  wasm,
};
/** Methods of the design that do not work yet: asking for one is refused by name. */
const ANNOUNCED = ["wasm_fork", "wasm_forkserver"];
/** What each kind of source can run under. */
const FITTING: Readonly<Record<SourceKind, readonly SpawnMethod[]>> = {
  actor: ["forkserver", "main_thread_forkserver", "exec", "wasm"],
  component: ["wasm"],
  source: ["wasm"],
};

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
  checkNothing(what, "grants", options.grants);
  checkNothing(what, "imports", options.imports);
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

/** Every path as the URL that it is. */
export function preloadOf(preload: AnyOptions["preload"]): boolean | readonly string[] | undefined {
  if (typeof preload === "boolean" || preload === undefined) return preload;
  return preload.map((one) => (isAbsolute(one) ? pathToFileURL(one).href : one));
}

/** What this version has none of may be given as none. */
function checkNothing(what: string, option: "grants" | "imports", value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InvalidOption(`${what}: ${option}`, value, "an object, which in this version is empty");
  const [first] = Object.keys(value);
  if (first === undefined) return;
  throw new Unsupported(
    `${option}.${first}`,
    option === "grants"
      ? "this version grants nothing to wasm actors. Give them what they need as arguments of calls"
      : "this version gives no functions of the host to components. Give them what they need as arguments of calls",
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

/** A method, and why it was chosen. */
export interface Choice {
  readonly name: SpawnMethod;
  readonly method: SpawnMethodImplementation;
  readonly reason: string;
  /** The user has named it at this start. */
  readonly explicit: boolean;
}

/** The method to use for a kind of source. @throws InvalidOption, Unsupported */
export function chooseMethod(what: string, spawn: unknown, kind: SourceKind): Choice {
  const fitting = FITTING[kind];
  if (spawn !== undefined) {
    const found = find(`${what}: spawn`, spawn);
    if (!fitting.includes(found.name))
      throw new InvalidOption(`${what}: spawn`, spawn, `${quoted(fitting)}: a ${kind} runs as nothing else`);
    return { ...found, reason: "asked for", explicit: true };
  }
  const fromEnvironment = process.env["BROOD_SPAWN_METHOD"];
  if (fromEnvironment !== undefined && fromEnvironment !== "") {
    const found = find("BROOD_SPAWN_METHOD", fromEnvironment);
    // It replaces a default, and where there is no choice there is no default.
    if (fitting.length > 1 && fitting.includes(found.name))
      return { ...found, reason: "set by BROOD_SPAWN_METHOD", explicit: false };
  }
  const name = fitting[0] as SpawnMethod;
  return {
    name,
    method: METHODS[name],
    reason: fitting.length > 1 ? "the default" : `a ${kind} always runs as ${name}`,
    explicit: false,
  };
}

function find(option: string, value: unknown): Pick<Choice, "name" | "method"> {
  const known = Object.keys(METHODS) as SpawnMethod[];
  const name = known.find((one) => one === value);
  if (name !== undefined) return { name, method: METHODS[name] };
  if (typeof value === "string" && ANNOUNCED.includes(value)) {
    throw new Unsupported(`spawn method ${value}`, `this version does not have it yet; it has ${known.join(", ")}`);
  }
  throw new InvalidOption(option, value, quoted(known));
}

const quoted = (names: readonly string[]): string => names.map((one) => JSON.stringify(one)).join(" or ");
