// The half of a stream that sends: messages go in the order of their sends, each under credit. One that finds none waits, with all that
// come after it, and each wait ends: by credit, or with the reason why there will be none.
import { deferred, type Deferred } from "../errors/observed-promise.js";
import { CreditWindow } from "../protocol/credit.js";
import type { Encoded } from "../protocol/payload.js";
import { Fifo } from "./fifo.js";
import type { StreamLink } from "./link.js";
import { refuse, refused } from "./refused.js";

interface Parked {
  /** undefined: the end. */
  readonly message: Encoded | undefined;
  readonly sent: Deferred<void>;
  readonly since: number;
}

const SENT = Promise.resolve();

export class Outgoing {
  readonly #link: StreamLink;
  readonly #window = new CreditWindow();
  readonly #parked = new Fifo<Parked>();
  /** Why nothing more can be sent. */
  #closed: Error | undefined;
  #ended: Promise<void> | undefined;

  constructor(link: StreamLink) {
    this.#link = link;
  }

  /** Messages that wait for credit. */
  get waiting(): number {
    return this.#parked.size;
  }

  /** Since when the first of them waits. */
  get waitingSince(): number | undefined {
    return this.#parked.peek()?.since;
  }

  /** What is on its way, or not consumed yet. */
  get outstanding(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#window.outstandingMessages, bytes: this.#window.outstandingBytes };
  }

  /** Why nothing more can be sent; undefined while something can. */
  get closed(): Error | undefined {
    return this.#closed;
  }

  /** Resolves when the message is on its way, which is when there is credit for it. */
  send(message: Encoded): Promise<void> {
    if (this.#closed !== undefined) return refused(this.#closed);
    if (this.#parked.size === 0 && this.#window.take(message.payload.length)) {
      this.#link.yield(message);
      return SENT;
    }
    const sent = deferred<void>();
    this.#parked.push({ message, sent, since: performance.now() });
    return sent.promise;
  }

  /** Nothing is sent after this, which goes behind everything that waits. Idempotent. @param after what later sends are refused with */
  end(after: Error): Promise<void> {
    if (this.#ended !== undefined) return this.#ended;
    if (this.#closed !== undefined) return SENT;
    this.#closed = after;
    if (this.#parked.size === 0) {
      this.#link.stop();
      this.#ended = SENT;
    } else {
      const sent = deferred<void>();
      this.#parked.push({ message: undefined, sent, since: performance.now() });
      this.#ended = sent.promise;
    }
    return this.#ended;
  }

  /** The other end has consumed messages. @throws InvalidMessage more than were sent */
  granted(messages: number, bytes: number): void {
    this.#window.grant(messages, bytes);
    let next: Parked | undefined;
    while ((next = this.#parked.peek()) !== undefined) {
      if (next.message !== undefined && !this.#window.take(next.message.payload.length)) return;
      this.#parked.shift();
      if (next.message === undefined) this.#link.stop();
      else this.#link.yield(next.message);
      next.sent.resolve();
    }
  }

  /** Nothing can be sent any more: whatever waits is rejected with `error`, but an end, which is one. */
  close(error: Error): void {
    this.#closed ??= error;
    for (const { message, sent } of this.#parked.drain()) {
      if (message === undefined) sent.resolve();
      else refuse(sent, error);
    }
  }
}
