// What the side inside an actor needs from wherever it runs; the entries inject it.
import type { Nursery, NurseryOptions } from "../context/surface.js";

/** The task that a nursery hangs on. */
export interface NurseryBound {
  readonly signal: AbortSignal;
  remaining(): number | undefined;
}

export interface Host {
  openNursery(options: NurseryOptions, bound: NurseryBound): Promise<Nursery>;
  /** A line for the host's log. Level: 1 error, 2 warn, 3 info, 4 debug. */
  log(level: number, values: unknown[]): void;
  /** Leaves for good, once everything sent is on its way. */
  leave(code: number): void;
  /** Monotonic time in ms. */
  now(): number;
}
