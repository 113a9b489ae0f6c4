// What is tried again, and what is not. A pool never repeats a call whose actor died, since it cannot know what the call had done. Here it
// is known: a page that is made twice is the same page. So what somebody else has ended is tried again, a few times; what ended
// its own actor would end the next one, too, and is reported.
import { ActorDied, type Exit } from "brood";
import type { Failure, Part } from "./page.js";

/** Who loses this many actors over one page is no victim of chance. */
export const TRIES = 3;

/** Signals by which a process ends itself: when it aborts, as V8 does where its heap is exhausted, or breaks. */
const OWN = new Set(["SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGSYS", "SIGTRAP", "SIGXCPU", "SIGXFSZ"]);

/** Whether an actor was ended by somebody else, and not by what it was given to do. */
function isFromOutside(exit: Exit): boolean {
  switch (exit.kind) {
    case "killed":
    case "cancelled":
    case "lost":
      return true;
    case "signalled":
      return !OWN.has(exit.signal);
    default:
      return false;
  }
}

/** Whether the same work may well succeed with another actor: this one was ended by somebody else. */
export const isAccident = (error: unknown): boolean => error instanceof ActorDied && isFromOutside(error.exit);

export interface TryOptions {
  /** Aborts when everything is being ended; its reason is thrown then, and not what became of the work because of it. */
  readonly signal: AbortSignal;
  /** Whether it is worth another try. */
  readonly isAccident: (error: unknown) => boolean;
  /** What to say of an error on the page; undefined where it is not about the page, and is thrown. */
  readonly failureOf: (error: unknown) => Failure | undefined | Promise<Failure | undefined>;
  /** It is tried again. */
  readonly again: () => void;
}

/** Failures of the work are returned; only the end of the whole run throws. */
export async function tryWork<R>(
  work: () => Promise<R>,
  { signal, failureOf, isAccident, again }: TryOptions,
): Promise<Part<R>> {
  for (let tried = 1; ; tried += 1) {
    try {
      return { ok: true, value: await work() };
    } catch (error) {
      signal.throwIfAborted();
      const failure = await failureOf(error);
      if (failure === undefined) throw error;
      if (!isAccident(error) || tried === TRIES) return { ok: false, failure };
      again();
    }
  }
}
