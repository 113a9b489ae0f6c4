// Readers of a stream that wait: each is given the next message in turn. Once there is an end, who waits is told it, and whoever asks
// later too.
import { deferred, type Deferred } from "../errors/observed-promise.js";
import { Fifo } from "./fifo.js";
import { refuse, refused } from "./refused.js";

export type Result = IteratorResult<unknown, undefined>;

interface Reader extends Deferred<Result> {
  /** When it began to wait. */
  since: number;
}

export class Readers {
  readonly #waiting = new Fifo<Reader>();
  #end: { readonly error: Error | undefined } | undefined;

  get size(): number {
    return this.#waiting.size;
  }

  /** Since when the first of them waits. */
  get waitingSince(): number | undefined {
    return this.#waiting.peek()?.since;
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** One more, where there is no message for it now. */
  wait(): Promise<Result> {
    if (this.#end === undefined) {
      const reader = Object.assign(deferred<Result>(), { since: performance.now() });
      this.#waiting.push(reader);
      return reader.promise;
    }
    const { error } = this.#end;
    return error === undefined ? Promise.resolve({ done: true, value: undefined }) : refused(error);
  }

  /** A message for who has waited longest; false where nobody waits. */
  give(value: unknown): boolean {
    const reader = this.#waiting.shift();
    reader?.resolve({ done: false, value });
    return reader !== undefined;
  }

  /** Rejects who has waited longest; false where nobody waits. The stream goes on. */
  reject(error: Error): boolean {
    const reader = this.#waiting.shift();
    if (reader !== undefined) refuse(reader, error);
    return reader !== undefined;
  }

  /** There is nothing more, or `error`, which outranks an end. */
  end(error: Error | undefined): void {
    if (this.#end === undefined || this.#end.error === undefined) this.#end = { error };
    const told = this.#end.error;
    for (const reader of this.#waiting.drain()) {
      if (told === undefined) reader.resolve({ done: true, value: undefined });
      else refuse(reader, told);
    }
  }
}
