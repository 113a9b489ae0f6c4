// A queue whose ends are both cheap, however long it gets: `Array.prototype.shift` moves all that is left.

/** What has been taken from its front is given back to memory in steps of this many. */
const STEP = 256;

export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #from = 0;

  get size(): number {
    return this.#items.length - this.#from;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The oldest; undefined where there is none. */
  peek(): T | undefined {
    return this.#items[this.#from];
  }

  /** Takes the oldest; undefined where there is none. */
  shift(): T | undefined {
    if (this.#from === this.#items.length) return undefined;
    const item = this.#items[this.#from];
    this.#items[this.#from++] = undefined;
    if (this.#from === this.#items.length) this.#reset();
    else if (this.#from >= STEP && 2 * this.#from >= this.#items.length) {
      this.#items = this.#items.slice(this.#from);
      this.#from = 0;
    }
    return item;
  }

  /** Takes all of them, the oldest first. */
  drain(): T[] {
    const all = this.#items.slice(this.#from) as T[];
    this.#reset();
    return all;
  }

  #reset(): void {
    this.#items.length = 0;
    this.#from = 0;
  }
}
