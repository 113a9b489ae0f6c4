// What a program that can be forked in the middle of its work has ready for that, and what its spawn method makes of it. Kept under a
// registered symbol on globalThis: who prepares the program is another bundle than the brood that the program imports.
import type { ForkBirth } from "./entry-contract.js";

/** What a child is told; it is in its memory. */
export interface LiveBirth extends Omit<ForkBirth, "execArgv"> {
  /** Its number, by the kernel. */
  readonly pid: number;
  /** Its end of the channel. */
  readonly channel: number;
  /** 32 bytes of randomness of its own. */
  readonly seed: Uint8Array;
}

export interface LiveReady {
  /** What of the program is in the way now, in words; undefined where nothing is. */
  obstacle(): string | undefined;
  /** Whether nothing of Node's own is due that a child would do too. */
  isQuiet(): boolean;
  /** Before the first fork: what a child does first has run once, and so is compiled in the memory that it shares. */
  rehearse(): Promise<void>;
  /** In a child, before anything else of JavaScript: drops what this process was about, and lives as an actor. */
  become(birth: LiveBirth): void;
}

const KEY = Symbol.for("brood.live/1");
type Holder = { [KEY]?: LiveReady };

/** What was prepared; undefined where nothing was. */
export function liveReady(): LiveReady | undefined {
  return (globalThis as Holder)[KEY];
}

/** Says that this program is prepared; once. */
export function makeReady(ready: LiveReady): void {
  Object.defineProperty(globalThis, KEY, { value: ready });
}
