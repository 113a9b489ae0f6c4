// Options of nurseries and starts: checked in full before anything happens, and completed with their defaults.
import type { NurseryOptions, ProcessOptions, SpawnMethod } from "../context/surface.js";
import { InvalidOption, Unsupported } from "../errors/kinds.js";
import { checkBoolean, checkDuration, checkKnown, checkObject, checkOneOf, checkSignal } from "../portal/check.js";
import { CHANNEL_VARIABLE } from "../protocol/entry-contract.js";
import { LEVELS } from "../protocol/here.js";
import { exec } from "../spawn/exec.js";
import type { SpawnMethodImplementation } from "../spawn/method.js";

/** Defaults of every wait, in ms (design sections 4 and 6). */
export const START_TIMEOUT = 10_000;
export const CANCEL_TIMEOUT = 500;
export const KILL_TIMEOUT = 1_600;

/** The methods that work in this version. */
const METHODS: Readonly<Record<SpawnMethod, SpawnMethodImplementation>> = { exec };
/** Methods of the design that do not work yet: asking for one is refused by name. */
const ANNOUNCED = ["wasm", "wasm_fork", "wasm_forkserver", "forkserver", "main_thread_forkserver"];

const NURSERY_OPTIONS = ["name", "startTimeout", "cancelTimeout", "killTimeout", "onDeath", "onDeaf", "signals"];
const PROCESS_OPTIONS = [
  "spawn",
  "startTimeout",
  "cancelTimeout",
  "killTimeout",
  "onDeaf",
  "signal",
  "inheritMain",
  "env",
  "cwd",
  "execArgv",
  "stdio",
];
export const START_OPTIONS: readonly string[] = ["name", "onDeath", ...PROCESS_OPTIONS];
export const RUN_OPTIONS: readonly string[] = ["name", "deadline", ...PROCESS_OPTIONS];

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
  options: ProcessOptions & { deadline?: number | undefined },
  known: readonly string[],
): void {
  checkObject(what, options);
  checkKnown(what, options, known);
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
}

/** The method to use. @throws InvalidOption, Unsupported */
export function chooseMethod(what: string, spawn: unknown): Choice {
  if (spawn !== undefined) return { ...find(`${what}: spawn`, spawn), reason: "asked for" };
  const fromEnvironment = process.env["BROOD_SPAWN_METHOD"];
  if (fromEnvironment !== undefined && fromEnvironment !== "") {
    return { ...find("BROOD_SPAWN_METHOD", fromEnvironment), reason: "set by BROOD_SPAWN_METHOD" };
  }
  return { name: "exec", method: exec, reason: "the default" };
}

function find(option: string, value: unknown): Omit<Choice, "reason"> {
  const known = Object.keys(METHODS) as SpawnMethod[];
  const name = known.find((one) => one === value);
  if (name !== undefined) return { name, method: METHODS[name] };
  if (typeof value === "string" && ANNOUNCED.includes(value)) {
    throw new Unsupported(`spawn method ${value}`, `this version does not have it yet; it has ${known.join(", ")}`);
  }
  throw new InvalidOption(option, value, known.map((one) => JSON.stringify(one)).join(" or "));
}
