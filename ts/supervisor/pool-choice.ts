// What a pool decides, as pure functions: which actor is handed a call, how many are started, which are retired, which calls are let
// in, and how long it waits after a start that failed.
import type { MemberStatus } from "./pool-life.js";

/** An actor of a pool, as far as a choice sees it. */
export interface Seat {
  readonly status: MemberStatus;
  /** Calls that it runs. */
  readonly open: number;
  /** Grows with every call that any of the pool's actors is handed: when this one was handed its last. */
  readonly used: number;
  /** Since when it has had no call, in ms of any clock. */
  readonly idleSince: number;
}

/**
 * The one that is handed the next call: of those with room the one that runs the fewest, of these the one that was used last. So
 * work is spread, and whatever there is too much of grows old.
 */
export function pick<S extends Seat>(seats: readonly S[], concurrency: number): S | undefined {
  let best: S | undefined;
  for (const seat of seats) {
    if (seat.status !== "serving" || seat.open >= concurrency) continue;
    if (best === undefined || seat.open < best.open || (seat.open === best.open && seat.used > best.used)) best = seat;
  }
  return best;
}

/** How a pool stands. */
export interface Crowd {
  /** Most actors that serve, and fewest that are kept. */
  readonly size: number;
  readonly minSize: number;
  /** How many there are in each status. */
  readonly starting: number;
  readonly serving: number;
  readonly spent: number;
  readonly ending: number;
  /** Calls that those that serve run now. */
  readonly open: number;
  /** What waits: calls, and whoever waits until the pool is ready. */
  readonly waiting: number;
  /** Starts that failed, one after the other. */
  readonly failures: number;
}

/** Starts that fail in a row until those who wait are told. */
export const PATIENCE = 3;

/**
 * How many actors to start now. One for each call, up to `size`; what has been handed its last call counts until it is done with it.
 * Those that end do not count, so that nobody waits for them, but all together there are never more than twice `size`. After
 * a failure they are tried one by one, and after `PATIENCE` of them only for somebody who waits.
 */
export function startsNow(crowd: Crowd): number {
  const { size, minSize, starting, serving, spent, ending, open, waiting, failures } = crowd;
  if (failures >= PATIENCE && waiting === 0) return 0;
  const wanted = Math.min(size - spent, Math.max(minSize, open + waiting));
  const room = 2 * size - starting - serving - spent - ending;
  const starts = Math.max(0, Math.min(wanted - serving - starting, room));
  return failures === 0 ? starts : Math.min(starts, Math.max(0, 1 - starting));
}

/** Whether those who wait are told that it is no use: so many starts failed, and nobody is there who could serve them. */
export function givesUp({ failures, serving, starting }: Pick<Crowd, "failures" | "serving" | "starting">): boolean {
  return failures >= PATIENCE && serving === 0 && starting === 0;
}

/** Whether a call may wait behind `queued` others. Those that an actor on its way will take do not count. */
export function admits(queued: number, maxQueue: number, starting: number, concurrency: number): boolean {
  return queued < maxQueue + starting * concurrency;
}

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;

/** From a failure to the next start, in ms. */
export function pauseAfter(failures: number): number {
  return failures === 0 ? 0 : Math.min(FIRST_PAUSE * 2 ** (failures - 1), LONGEST_PAUSE);
}

/** Those to retire now: idle for `idleTimeout` ms, longest first, as long as `minSize` are left. */
export function retirable<S extends Seat>(
  seats: readonly S[],
  { now, idleTimeout, minSize }: { readonly now: number; readonly idleTimeout: number; readonly minSize: number },
): S[] {
  const kept = seats.filter(({ status }) => status === "serving" || status === "starting").length;
  return idle(seats)
    .filter(({ idleSince }) => now - idleSince >= idleTimeout)
    .slice(0, Math.max(0, kept - minSize));
}

/** When the next one could be retired; undefined where none could. */
export function nextRetirement(
  seats: readonly Seat[],
  { idleTimeout, minSize }: { readonly idleTimeout: number; readonly minSize: number },
): number | undefined {
  const kept = seats.filter(({ status }) => status === "serving" || status === "starting").length;
  const [first] = idle(seats);
  return first === undefined || kept <= minSize ? undefined : first.idleSince + idleTimeout;
}

/** Longest first. */
function idle<S extends Seat>(seats: readonly S[]): S[] {
  return seats
    .filter(({ status, open }) => status === "serving" && open === 0)
    .sort((a, b) => a.idleSince - b.idleSince);
}
