// The time as supervisors see it. Its own, so that what waits can be tested without waiting.

export interface Clock {
  /** ms, never going back. */
  now(): number;
  /** Runs `then` after `ms`, unless what it returns is called before. */
  after(ms: number, then: () => void): () => void;
}

export const CLOCK: Clock = {
  now: () => performance.now(),
  after(ms, then) {
    // It holds the event loop: a supervisor that is about to restart a child is at work.
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};
