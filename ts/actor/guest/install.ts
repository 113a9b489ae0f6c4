// Gives a QuickJS guest the globals that plain JavaScript expects. Installed once, before any module of the user's is evaluated,
// while the actor is built; started once in each instance.
//
// What the engine (QuickJS-ng in componentize-qjs 0.4.5) brings is left as it is: DOMException, atob, btoa, WeakRef, FinalizationRegistry,
// Symbol.dispose, Symbol.asyncDispose, DisposableStack, AsyncDisposableStack, SuppressedError, Array.fromAsync, Promise.withResolvers,
// iterator helpers, Uint8Array.fromBase64. It has no Intl, no Atomics and no WebAssembly. Three things of its own are replaced:
// - queueMicrotask: a throw in a microtask is a panic of its runtime, and ends the instance without a word;
// - Math.random: its state is in the snapshot, and all instances would draw the same numbers;
// - performance: its origin is the time of the build.
//
// What no prelude can mend, and whoever writes code for guests must know:
// - a promise that is rejected and never handled is not heard of, but for those of callbacks (unawaited.ts): the engine tells nobody;
// - recursion has no RangeError: at about 1,300 plain calls for each MiB of native stack the instance traps, and so does JSON of some
//   thousand levels;
// - memory that the host refuses is an InternalError, "out of memory", which can be caught, or null where no error could be made;
// - calling an import with a wrong argument traps (text.ts), and calling one while the actor is built fails the build.
import { AbortController, AbortSignal } from "./abort.js";
import { performance, startClock } from "./clock.js";
import { structuredClone } from "./clone.js";
import { console } from "./console.js";
import { CustomEvent, Event, EventTarget } from "./events.js";
import { attach, type GuestHost } from "./host.js";
import { crypto, random } from "./random.js";
import { headStacks } from "./stack.js";
import { TextDecoder, TextEncoder } from "./text.js";
import { clearTimer, setInterval, setTimeout, startTimers } from "./timers.js";
import { queueMicrotask } from "./unawaited.js";
import { URL, URLSearchParams } from "./url.js";

/** Defines the globals. The host need not be live yet. */
export function installPrelude(host: GuestHost): void {
  attach(host);
  headStacks();
  define(Math, { random });
  define(globalThis, {
    AbortController,
    AbortSignal,
    clearInterval: (id?: unknown) => clearTimer(id),
    clearTimeout: (id?: unknown) => clearTimer(id),
    console,
    crypto,
    CustomEvent,
    Event,
    EventTarget,
    performance,
    queueMicrotask,
    setInterval,
    setTimeout,
    structuredClone,
    TextDecoder,
    TextEncoder,
    URL,
    URLSearchParams,
  });
}

/** An instance begins, and its host is live: the clock starts at 0, and timers that were set at build time begin. */
export function startPrelude(): void {
  startClock();
  startTimers();
}

function define(owner: object, values: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(owner, name, { value, writable: true, configurable: true, enumerable: false });
    // A bundler may have given it another.
    if (typeof value === "function") Object.defineProperty(value, "name", { value: name, configurable: true });
  }
}
