// How long a supervisor waits before a restart: not at all before the first, then longer each time up to a maximum; a child that
// has been up for long enough begins anew. Pure; the time is given.
import type { Limits } from "./intensity.js";

/** How the wait before a restart grows. */
export interface BackoffPolicy {
  /** Before the second restart in a row, in ms; the first is made at once. */
  readonly initial: number;
  /** By which it grows with each further restart. */
  readonly factor: number;
  /** It never grows beyond; ms. */
  readonly max: number;
}

/** As a pause that a database or a port needs, and not yet one that a user notices. */
const INITIAL = 100;
const FACTOR = 2;

/**
 * The policy where nothing else was said. Its maximum is half of the time that the intensity leaves for each restart: a child
 * that always fails at once still exceeds the intensity, and its supervisor gives up instead of trying for ever.
 */
export function defaultPolicy({ intensity, period }: Limits): BackoffPolicy {
  const max = period / (2 * (intensity + 1));
  return { initial: Math.min(INITIAL, max), factor: FACTOR, max };
}

/** The wait in ms before restart `attempt` in a row, counted from 1. */
export function waitBefore(attempt: number, { initial, factor, max }: BackoffPolicy): number {
  if (attempt <= 1 || initial === 0) return 0;
  return Math.min(max, initial * factor ** (attempt - 2));
}

/**
 * Which restart in a row this one is: after `attempt` of them the child came up at `up` and failed `now`.
 * @param up undefined: it did not come up
 * @param steady how long it must have been up for the row to be over, in ms
 */
export function nextAttempt(attempt: number, up: number | undefined, now: number, steady: number): number {
  return up !== undefined && now - up > steady ? 1 : attempt + 1;
}
