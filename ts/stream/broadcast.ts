// Anything that gives values one after the other, for several readers: as `stream.subscribe()`, of any async iterable.
import { InvalidOption } from "../errors/kinds.js";
import { StreamClosed } from "../errors/stream.js";
import { Fanout } from "./fanout.js";
import { lagOf } from "./lag.js";
import type { SubscribeOptions, Subscription } from "./surface.js";

/** Gives every value to every subscriber. */
export interface Broadcast<T> {
  /** From now on it is given every value. @throws InvalidOption; StreamClosed there are no more */
  subscribe(options?: SubscribeOptions): Subscription<T>;
  /** Subscribers now. */
  readonly size: number;
}

/**
 * Reads `values` for all its subscribers, and only while there are some: the slowest paces it, unless it may lag.
 * @param values any async iterable, as a stream, an async generator or a stream of the web's; it is read once
 * @throws InvalidOption
 */
export function broadcast<T>(values: AsyncIterable<T>): Broadcast<T> {
  if (typeof (values as Partial<AsyncIterable<T>> | null)?.[Symbol.asyncIterator] !== "function")
    throw new InvalidOption("broadcast: values", values, "an async iterable, as a stream or an async generator");
  const iterator = values[Symbol.asyncIterator]();
  let ended = false;
  const fanout = new Fanout(async () => {
    try {
      const { done, value } = await iterator.next();
      if (done !== true) return { done: false, value };
      ended = true;
      return { done: true, value: undefined };
    } catch (error) {
      ended = true;
      throw error;
    }
  });
  return {
    subscribe(options = {}) {
      const lag = lagOf("broadcast.subscribe", options);
      if (ended) throw new StreamClosed("broadcast", "peer", "it has ended, and nothing more will come");
      return fanout.subscribe(lag) as Subscription<T>;
    },
    get size() {
      return fanout.size;
    },
  };
}
