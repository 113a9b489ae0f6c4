// The spawn methods that work in this version, and which of them a start takes.
import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import type { SourceKind, SpawnMethod } from "../context/surface.js";
import { InvalidOption, Unsupported } from "../errors/kinds.js";
import { exec } from "../spawn/exec.js";
import { forkserver } from "../spawn/forkserver.js";
import { mainThreadForkserver } from "../spawn/main-thread.js";
import type { BodyOptions, SpawnMethodImplementation } from "../spawn/method.js";
import { wasm } from "../spawn/wasm.js";

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

/** The method of a name; undefined where there is none. */
export function methodNamed(name: string): SpawnMethodImplementation | undefined {
  return Object.hasOwn(METHODS, name) ? METHODS[name as SpawnMethod] : undefined;
}

/** Every path of `preload` as the URL that it is. */
export function preloadOf(preload: BodyOptions["preload"]): BodyOptions["preload"] {
  if (typeof preload === "boolean" || preload === undefined) return preload;
  return preload.map((one) => (isAbsolute(one) ? pathToFileURL(one).href : one));
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
