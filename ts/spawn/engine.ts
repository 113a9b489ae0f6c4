// The engine as this environment has it: loaded and configured when the first component is, never before.
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Unsupported } from "../errors/kinds.js";
import { whenInherited } from "../native/inherited.js";
import { loadEngine } from "../native/load.js";
import { cacheDirectory } from "./cache-directory.js";
import { EngineEvents } from "./engine-events.js";

/** What the whole process decides once. */
export interface EngineSettings {
  /** Threads that run guests. */
  readonly threads: number;
  /** Wasm actors that live at the same time in this process. */
  readonly maxActors: number;
}

/** Actors take memory only as they use it; this many is what the mappings of a Linux process allow (facts, wasmtime section 3). */
const MAX_ACTORS = 10_000;

let chosen: Partial<EngineSettings> | undefined;
let events: EngineEvents | undefined;

// The engine of the process that this one was forked from has no threads here.
let inherited: EngineEvents | undefined;
whenInherited(() => {
  events?.forgetInherited();
  inherited = events ?? inherited;
  events = undefined;
});

/** Guests never take all cores from the JavaScript thread. */
function defaultThreads(): number {
  return Math.max(1, availableParallelism() - 1);
}

/** What the engine runs with, or will. */
export function engineSettings(): EngineSettings {
  return { threads: chosen?.threads ?? defaultThreads(), maxActors: chosen?.maxActors ?? MAX_ACTORS };
}

/** Where compiled components are kept; undefined: nowhere. */
export function componentCache(): string | undefined {
  const directory = cacheDirectory();
  return directory === undefined ? undefined : join(directory, "wasm");
}

function engineRuns(): boolean {
  return events !== undefined;
}

/** @throws Unsupported the engine runs already, or its settings were chosen before */
export function assertNotChosen(): void {
  if (chosen !== undefined) throw new Unsupported("a second configure()", "it is called once in a process");
  if (engineRuns())
    throw new Unsupported("configure() after the first wasm actor", "call it before anything is started");
}

/** Says what the engine shall run with. Throws as `assertNotChosen` does. */
export function chooseEngineSettings(settings: Partial<EngineSettings>): void {
  assertNotChosen();
  chosen = settings;
}

/** The engine's events, and through them the engine. @throws NativeMissing, Unsupported */
export function engine(): EngineEvents {
  if (events !== undefined) return events;
  const addon = loadEngine();
  const { threads, maxActors } = engineSettings();
  try {
    addon.configure(threads, maxActors, componentCache() ?? null);
  } catch (error) {
    // Another thread of this process was first. What nobody has asked for here need not be so.
    if (chosen !== undefined) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Unsupported("configure() in one thread of several", `${why}: call it in the main thread, first of all`);
    }
  }
  events = new EngineEvents(addon, inherited);
  return events;
}
