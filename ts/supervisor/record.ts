// The failures that a supervisor keeps to be told when it gives up: all that counted for its intensity, and beside them the newest
// of those that did not, within the same period. Bounded, since children may fail for years. Pure.
import type { ChildFailure } from "../errors/supervision.js";

/** How many of those that count for nothing are kept: failures of temporary children, and of children that were being stopped. */
const UNCOUNTED = 1_000;

export interface Kept {
  readonly failure: ChildFailure;
  /** Whether it asked for a restart. */
  readonly counts: boolean;
  /** When, on the clock that never goes back. */
  readonly at: number;
}

/** The record with one more, without what is over. */
export function keep(record: readonly Kept[], one: Kept, period: number): Kept[] {
  const from = record.findIndex(({ at }) => one.at - at <= period);
  const next = from === -1 ? [one] : [...record.slice(from), one];
  if (one.counts) return next;
  let excess = next.filter(({ counts }) => !counts).length - UNCOUNTED;
  return excess <= 0 ? next : next.filter(({ counts }) => counts || excess-- <= 0);
}
