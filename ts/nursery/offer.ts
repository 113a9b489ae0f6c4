// What a program gives the actors that are forked of it: by name, and without a copy.
import { InvalidOption } from "../errors/kinds.js";
import { offered, type Offered } from "../protocol/offers.js";

/** A key longer than this is no name. */
const MOST = 200;

/**
 * Offers `value` to the actors that are forked of this program (`spawn: "main_thread_forkserver"`) from now on: there
 * `task.inherited(key)` is that very value as it is at the moment of the fork, in memory that both share until one of them writes to
 * it. Nothing is copied or encoded, so it may be anything: a map, a class instance, a closure. What the program does to it later,
 * an actor does not see, nor the program what an actor does. A key that is offered again stands for the new value.
 * @param key 1 to 200 characters
 * @returns its `[Symbol.dispose]` takes this offer back, and lets go of the value
 * @throws InvalidOption
 */
export function offer(key: string, value: unknown): Disposable {
  if (typeof key !== "string" || key === "" || key.length > MOST)
    throw new InvalidOption("offer: key", key, `a text of 1 to ${MOST} characters`);
  const all = offered();
  const made: Offered = { value };
  all.set(key, made);
  return {
    [Symbol.dispose](): void {
      if (all.get(key) === made) all.delete(key);
    },
  };
}
