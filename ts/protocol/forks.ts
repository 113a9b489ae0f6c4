// What was made by the program that this process was forked of is in its memory, and not its own: the actors are the program's, and their
// channels end there. Kept under a registered symbol on globalThis, because brood may exist twice in a process.
import { Unsupported } from "../errors/kinds.js";

const KEY = Symbol.for("brood.forks/1");
type Holder = { [KEY]?: number };

/** How many programs this process has been before: what was made at another count is not its own. */
export function forks(): number {
  return (globalThis as Holder)[KEY] ?? 0;
}

/** In the child. */
export function isForkNow(): void {
  Object.defineProperty(globalThis, KEY, { value: forks() + 1, configurable: true });
}

/** @throws Unsupported where `what` was made at another count of {@link forks} than `made` */
export function assertOwn(made: number, what: string): void {
  if (made === forks()) return;
  throw new Unsupported(
    `${what} of the program that this process was forked of`,
    "an actor reaches the actors that it has started itself, through task.openNursery()",
  );
}
