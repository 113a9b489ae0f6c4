// Lets an actor go on when a law says so, also one that reads nothing of what is sent to it: by a file where it sees files, and
// in a guest, which sees nothing from outside but the clock, by the time.
import { builtin, inProcess } from "./builtin.js";

/** Opens once, and stays open. */
export interface Latch {
  readonly file: string;
  /** For guests, ms since the epoch. */
  readonly at: number;
}

/** Asked inside an actor. */
export function isOpen(latch: Latch): boolean {
  return inProcess() ? builtin("fs").existsSync(latch.file) : Date.now() >= latch.at;
}

/** Waits for it inside an actor, whose loop lives meanwhile. */
export async function opened(latch: Latch): Promise<void> {
  while (!isOpen(latch)) await new Promise((resolve) => setTimeout(resolve, 2));
}
