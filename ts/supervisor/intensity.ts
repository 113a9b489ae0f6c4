// How many restarts are too many: a sliding window over the times of past ones. Pure; the time is given.

/** Restarts beyond `intensity` within `period` ms are too many. */
export interface Limits {
  readonly intensity: number;
  readonly period: number;
}

/** The times of the restarts within the period that ends now, oldest first. */
export type Window = readonly number[];

export const NO_RESTARTS: Window = [];

/** One more restart is needed `now`: the window with it, and whether that is too many. `now` never goes back. */
export function oneMore(window: Window, now: number, limits: Limits): { readonly window: Window; tooMany: boolean } {
  const from = window.findIndex((time) => now - time <= limits.period);
  const next = from === -1 ? [now] : [...window.slice(from), now];
  return { window: next, tooMany: next.length > limits.intensity };
}

/** How many restarts there were at `from` or later. */
export const restartsSince = (window: Window, from: number): number => window.filter((time) => time >= from).length;
