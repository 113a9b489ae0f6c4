// One stream, several readers: each is given every message that comes while it is there, once and in order. Who may miss none paces
// all; who may lag has the newest kept, and counts the rest. A message that was taken for subscribers who have all left meanwhile goes
// to whoever reads next.
import type { SubscribersDump } from "../protocol/tree.js";
import { Fifo } from "./fifo.js";
import { Readers, type Result } from "./readers.js";
import { refused } from "./refused.js";
import type { Subscription } from "./surface.js";

export class Fanout {
  readonly #read: () => Promise<Result>;
  readonly #subscribers = new Set<Subscriber>();
  #pulling: Promise<void> | undefined;
  /** What was read for nobody. */
  readonly #left = new Fifo<() => Promise<Result>>();

  /** @param read takes the next message */
  constructor(read: () => Promise<Result>) {
    this.#read = read;
  }

  get size(): number {
    return this.#subscribers.size;
  }

  /** What there is to see of the subscribers; undefined where there are none. */
  describe(): SubscribersDump | undefined {
    if (this.#subscribers.size === 0) return undefined;
    let [pacing, unread, missed] = [0, 0, 0];
    for (const one of this.#subscribers) {
      if (one.paces) pacing++;
      unread = Math.max(unread, one.unread);
      missed += one.missed;
    }
    return { count: this.#subscribers.size, pacing, unread, missed };
  }

  /** For a reader without subscription, while there are no subscribers; undefined: nothing was taken that is still unread. */
  take(): Promise<Result> | undefined {
    const left = this.#left.shift();
    if (left !== undefined) return left();
    return this.#pulling?.then(() => this.take() ?? this.#read());
  }

  /** @param lag undefined: it misses nothing */
  subscribe(lag: number | undefined): Subscription<unknown> {
    const subscriber = new Subscriber(lag, {
      wants: () => this.#pull(),
      leaves: (one) => {
        this.#subscribers.delete(one);
        this.#pull();
      },
    });
    this.#subscribers.add(subscriber);
    this.#pull();
    return subscriber;
  }

  /** Takes the next message, if it has somewhere to go. */
  #pull(): void {
    if (this.#pulling !== undefined) return;
    let wanted = false;
    for (const subscriber of this.#subscribers) {
      if (subscriber.paces) return;
      wanted ||= subscriber.wants;
    }
    if (!wanted) return;
    this.#pulling = (this.take() ?? this.#read()).then(
      (result) =>
        this.#deliver(
          () => Promise.resolve(result),
          (one) => one.give(result),
        ),
      (error: Error) =>
        this.#deliver(
          () => refused(error),
          (one) => one.fail(error),
        ),
    );
  }

  #deliver(again: () => Promise<Result>, give: (one: Subscriber) => void): void {
    this.#pulling = undefined;
    if (this.#subscribers.size === 0) return this.#left.push(again);
    for (const subscriber of [...this.#subscribers]) give(subscriber);
    this.#pull();
  }
}

interface Owner {
  wants(): void;
  leaves(one: Subscriber): void;
}

class Subscriber implements Subscription<unknown> {
  readonly #lag: number | undefined;
  readonly #owner: Owner;
  readonly #unread = new Fifo<unknown>();
  readonly #readers = new Readers();
  missed = 0;

  constructor(lag: number | undefined, owner: Owner) {
    this.#lag = lag;
    this.#owner = owner;
  }

  /** Whether everybody waits for it. */
  get paces(): boolean {
    return this.#lag === undefined && this.#unread.size > 0;
  }

  /** Messages that it has not read. */
  get unread(): number {
    return this.#unread.size;
  }

  /** Whether it can take a message. */
  get wants(): boolean {
    return this.#lag !== undefined || this.#readers.size > 0;
  }

  next(): Promise<Result> {
    if (this.#unread.size > 0) {
      const value = this.#unread.shift();
      this.#owner.wants();
      return Promise.resolve({ done: false, value });
    }
    const reader = this.#readers.wait();
    if (!this.#readers.ended) this.#owner.wants();
    return reader;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<unknown, undefined> {
    return {
      next: () => this.next(),
      return: () => {
        this.close();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  close(): void {
    if (!this.#readers.ended) this.#over(undefined);
    this.#unread.drain();
  }

  give(result: Result): void {
    if (result.done === true) return this.#over(undefined);
    if (this.#readers.give(result.value)) return;
    if (this.#unread.size === this.#lag) {
      this.#unread.shift();
      this.missed++;
    }
    this.#unread.push(result.value);
  }

  fail(error: Error): void {
    this.#over(error);
  }

  #over(error: Error | undefined): void {
    this.#readers.end(error);
    this.#owner.leaves(this);
  }
}
