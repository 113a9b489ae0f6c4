// Gives a QuickJS guest the globals that plain JavaScript expects. Installed once, before any module of the user's is evaluated,
// while the actor is built; started once in each instance.
import { startClock } from "./clock.js";
import { attach, type GuestHost } from "./host.js";
import { clearTimer, setInterval, setTimeout, startTimers } from "./timers.js";

/** Defines the globals. The host need not be live yet. */
export function installPrelude(host: GuestHost): void {
  attach(host);
  define({ setTimeout, setInterval, clearTimeout: clearTimer, clearInterval: clearTimer });
}

/** An instance begins, and its host is live: the clock starts at 0, and what was set at build time begins. */
export function startPrelude(): void {
  startClock();
  startTimers();
}

function define(globals: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(globals))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}
