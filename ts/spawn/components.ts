// The components that this environment has loaded, each once: a file until it changes, bytes as long as their source is there.
// Many starts may wait for one load; one that nobody waits for any more is given up where that is possible.
import { statSync } from "node:fs";
import type { ComponentInfo, EngineFailure } from "../native/engine.js";
import { whenInherited } from "../native/inherited.js";
import type { ExportEntry, ExportTable } from "../protocol/body.js";
import { componentCache, engine } from "./engine.js";
import { compileIsolated } from "./isolated-compile.js";
import type { Origin } from "./method.js";

/** A component that actors can be started from. */
export interface LoadedComponent {
  readonly number: number;
  readonly kind: ComponentInfo["kind"];
  readonly exports: ExportTable;
}

/** Who waits for a load. */
export interface Waiter {
  loaded(component: LoadedComponent): void;
  failed(failure: EngineFailure): void;
}

interface Entry {
  /** Of a file: what tells that it has changed. */
  readonly state: string;
  component: LoadedComponent | undefined;
  readonly waiters: Set<Waiter>;
  /** Gives the load up. */
  giveUp: (() => void) | undefined;
}

let files = new Map<string, Entry>();
let bytes = new WeakMap<Origin, Entry>();
/** Nobody can start these any more; actors that run go on. */
let forgotten = unloading();

function unloading(): FinalizationRegistry<number> {
  const registry = new FinalizationRegistry<number>((component) => {
    // Those of the process that this one was forked from are not here.
    if (registry === forgotten) engine().addon.unload(component);
  });
  return registry;
}

whenInherited(() => {
  files = new Map();
  bytes = new WeakMap();
  forgotten = unloading();
});

/**
 * Gets the component of `origin` for `waiter`, who is told once: at once where it is loaded already.
 * @returns ends the wait
 * @throws Error with the system's code where its file is not there
 */
export function useComponent(origin: Origin, waiter: Waiter): () => void {
  const entry = entryOf(origin) ?? begin(origin);
  if (entry.component !== undefined) {
    waiter.loaded(entry.component);
    return () => {};
  }
  entry.waiters.add(waiter);
  return () => {
    if (!entry.waiters.delete(waiter) || entry.waiters.size > 0 || entry.giveUp === undefined) return;
    entry.giveUp();
    forget(origin, entry);
  };
}

function entryOf(origin: Origin): Entry | undefined {
  if (origin.file === undefined) return bytes.get(origin);
  const entry = files.get(keyOf(origin));
  if (entry === undefined || entry.state === stateOf(origin.file)) return entry;
  if (entry.component !== undefined) engine().addon.unload(entry.component.number);
  files.delete(keyOf(origin));
  return undefined;
}

function keyOf({ file, isolated }: Origin & { file: string }): string {
  return `${isolated ? "isolated" : "in-process"} ${file}`;
}

/** Changes with the file. @throws where there is none */
function stateOf(file: string): string {
  const { mtimeMs, size, ino } = statSync(file);
  return `${mtimeMs} ${size} ${ino}`;
}

function begin(origin: Origin): Entry {
  const state = origin.file === undefined ? "" : stateOf(origin.file);
  const entry: Entry = { state, component: undefined, waiters: new Set(), giveUp: undefined };
  if (origin.file === undefined) bytes.set(origin, entry);
  else files.set(keyOf(origin), entry);
  try {
    load(origin, entry, origin.isolated);
  } catch (error) {
    forget(origin, entry);
    throw error;
  }
  return entry;
}

function load(origin: Origin, entry: Entry, mayCompile: boolean): void {
  const { addon } = engine();
  engine().load(origin.file, origin.bytes, origin.isolated, {
    loaded(number, info) {
      const component = { number, kind: info.kind, exports: exportsOf(info) };
      if (origin.file === undefined) forgotten.register(origin, number);
      // Its file has changed meanwhile: who waits is served, and nobody after.
      else if (files.get(keyOf(origin)) !== entry) queueMicrotask(() => addon.unload(number));
      entry.component = component;
      settle(entry, (waiter) => waiter.loaded(component));
    },
    failed(failure) {
      if (failure.code === "not-cached" && mayCompile) return compile(origin, entry);
      fail(origin, entry, failure);
    },
  });
}

/** In a process of its own; then it is in the cache. */
function compile(origin: Origin, entry: Entry): void {
  if (entry.waiters.size === 0) return forget(origin, entry);
  const cache = componentCache();
  if (cache === undefined) {
    return fail(origin, entry, {
      code: "compile",
      message:
        'an isolated compile needs a cache directory, and there is none. Set one with configure({ cacheDir }) or BROOD_CACHE_DIR, or say { compile: "in-process" }',
    });
  }
  const events = engine();
  events.hold();
  const over = (): void => {
    entry.giveUp = undefined;
    events.release();
  };
  const giveUp = compileIsolated(origin, cache, (failure) => {
    over();
    if (failure === undefined) load(origin, entry, false);
    else fail(origin, entry, failure);
  });
  entry.giveUp = () => {
    over();
    giveUp();
  };
}

function fail(origin: Origin, entry: Entry, failure: EngineFailure): void {
  // The next start tries anew: the file may be mended by then.
  forget(origin, entry);
  settle(entry, (waiter) => waiter.failed(failure));
}

function forget(origin: Origin, entry: Entry): void {
  if (origin.file === undefined) bytes.delete(origin);
  else if (files.get(keyOf(origin)) === entry) files.delete(keyOf(origin));
}

function settle(entry: Entry, tell: (waiter: Waiter) => void): void {
  const waiters = [...entry.waiters];
  entry.waiters.clear();
  for (const waiter of waiters) tell(waiter);
}

function exportsOf(info: ComponentInfo): ExportTable {
  const exports = new Map<string, ExportEntry>();
  for (const [name, { unsupported }] of Object.entries(info.exports)) exports.set(name, { unsupported });
  return exports;
}
