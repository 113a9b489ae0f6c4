// What the addon brood-forkserver.node offers for forking this very process, as it is. Linux only.
import type { ExitStatus, ForkedChild, ForkFailure, ProcessHandle } from "./forkserver.js";

/** What a child is given. The descriptors stay the caller's, who may close them as soon as `forkLive` has returned. */
export interface LiveForkRequest {
  /** The `readFd` of a Lifeline. */
  readonly lifeline: number;
  /** What becomes 0, 1 and 2; -1: what this process has there. */
  readonly stdio: readonly [number, number, number];
  readonly descriptors: readonly number[];
}

/** What came of it: one of the first three is there. */
export interface LiveFork {
  /** In this process. */
  readonly born?: LiveChild;
  /** In the child. `payload` is empty, `seq` is 0. */
  readonly child?: ForkedChild;
  /** In this process, where there is no child. */
  readonly failure?: ForkFailure;
  /** How long this process stood still for it, in ms. */
  readonly pause: number;
}

/** A child of this very process. */
export interface LiveChild {
  readonly pid: number;
  /** A handle on it, the caller's to close. */
  handle(): ProcessHandle;
  /** Reaps it where it has ended; null where it has not. */
  reap(): ExitStatus | null;
  /** Why it has ended without having begun, where that is so. */
  trouble(): ForkFailure | null;
  /** Nothing is asked of it any more: all else throws EBADF. Idempotent. */
  close(): void;
}

export interface LiveAddon {
  /** Why this process cannot be forked, as far as native code can say: in words that fit after a colon; null if it can. */
  liveForkObstacle(): string | null;
  /**
   * Forks this process at the top of the next turn of its event loop, where no frame, tick or promise of JavaScript is pending, and
   * calls `callback` in both processes. Where `mayFork`, which only looks, says no then, or a handle of the loop is about to end, or
   * something written to 0 to 2 waits for its reader, nothing is forked, and the failure is EAGAIN. In the child nothing more happens on
   * libuv's handles of this process, and what its thread pool was doing is forgotten; something quiet is at each descriptor that it was
   * not given: not to be read now, nor written to. JavaScript's own timers, immediates and listeners are for JavaScript to drop. One at
   * a time: throws EBUSY; else EINVAL (a wrong argument, or not the main thread), ENOSYS, EMFILE, ENOMEM.
   */
  forkLive(request: LiveForkRequest, mayFork: () => boolean, callback: (fork: LiveFork) => void): void;
  /** Before any code of the user's: the timers of libuv that there are now are Node's own, and go on in a child. */
  rememberLoop(): void;
}
