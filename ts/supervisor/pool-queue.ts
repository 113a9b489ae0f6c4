// First come, first served; whoever waits may leave from any place at once. A linked list, whose links are in what waits.

/** What can wait in a queue, in one at a time. */
export interface Waiter {
  // The queue's own.
  before: Waiter | undefined;
  after: Waiter | undefined;
  waits: boolean;
}

export class PoolQueue<T extends Waiter> {
  #first: Waiter | undefined;
  #last: Waiter | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(waiter: T): void {
    waiter.waits = true;
    waiter.before = this.#last;
    if (this.#last === undefined) this.#first = waiter;
    else this.#last.after = waiter;
    this.#last = waiter;
    this.#size++;
  }

  /** Who waits longest, taken out. */
  shift(): T | undefined {
    const first = this.#first as T | undefined;
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Nothing where it does not wait. */
  remove(waiter: T): void {
    if (!waiter.waits) return;
    const { before, after } = waiter;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    waiter.waits = false;
    waiter.before = undefined;
    waiter.after = undefined;
    this.#size--;
  }
}
