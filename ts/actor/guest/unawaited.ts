// Callbacks for which nobody waits: those of timers, microtasks and listeners. What one throws ends the actor, and so does what its
// promise rejects with: the engine tells nobody of a rejection that is never handled, so this is the only place where it can be seen.
// A throw that left a microtask would end the whole instance without a word.
import { host } from "./host.js";

/** Calls it; returns false when it threw. */
export function run(callback: (...args: never[]) => unknown, self: unknown, args: readonly unknown[]): boolean {
  try {
    const result: unknown = Reflect.apply(callback, self, args);
    if (result instanceof Promise) Promise.prototype.then.call(result, undefined, fail);
    return true;
  } catch (error) {
    host.fatal(error);
    return false;
  }
}

const nativeMicrotask = globalThis.queueMicrotask;

export function queueMicrotask(callback: () => unknown): void {
  if (typeof callback !== "function") throw new TypeError(`queueMicrotask: ${typeof callback} is not a function`);
  nativeMicrotask(() => void run(callback, undefined, []));
}

function fail(error: unknown): void {
  host.fatal(error);
}
