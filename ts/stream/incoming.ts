// The half of a stream that receives: messages are read in the order in which they came. What has not been read is kept as it came, at
// most a window of it, and credit is given back when it is read. What the other end sent before it ended, or failed, is read before that is
// told; what this side ends is told at once.
import { InvalidMessage } from "../errors/kinds.js";
import { CreditLedger, CreditWindow } from "../protocol/credit.js";
import { copyOf, decodeOwned, decodeValue, type Encoded } from "../protocol/payload.js";
import { Fifo } from "./fifo.js";
import type { StreamLink } from "./link.js";
import { Readers, type Result } from "./readers.js";
import { refused } from "./refused.js";

export class Incoming {
  readonly #link: StreamLink;
  readonly #ledger = new CreditLedger();
  /** What the other end may still send, as it must see it. */
  readonly #window = new CreditWindow();
  readonly #unread = new Fifo<Encoded>();
  /** For whom nothing is unread. */
  readonly #readers = new Readers();
  #stopped = false;
  #discarding = false;

  constructor(link: StreamLink) {
    this.#link = link;
  }

  /** Messages that nobody has read yet. */
  get unread(): number {
    return this.#unread.size;
  }

  /** Readers that wait for a message. */
  get waiting(): number {
    return this.#readers.size;
  }

  /** Since when the first of them waits. */
  get waitingSince(): number | undefined {
    return this.#readers.waitingSince;
  }

  /** What has come and is not given back as credit. */
  get outstanding(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#window.outstandingMessages, bytes: this.#window.outstandingBytes };
  }

  get ended(): boolean {
    return this.#readers.ended;
  }

  /** A message has come; `payload` is valid during the call only. @throws InvalidMessage */
  arrived(payload: Uint8Array, flags: number): void {
    if (this.#stopped) throw new InvalidMessage("a message after the end of its stream");
    // This side has ended it, of which the other may not have heard.
    if (this.ended) return;
    if (!this.#window.take(payload.length))
      throw new InvalidMessage("more messages in a stream than its credit allows");
    if (this.#discarding) return this.#consumed(payload.length);
    if (this.#readers.size === 0) return this.#unread.push({ payload: copyOf(payload), flags });
    const value = decodeValue(payload, flags);
    this.#consumed(payload.length);
    this.#readers.give(value);
  }

  /** The other end sends nothing more. @throws InvalidMessage it has said so before */
  stopped(): void {
    if (this.#stopped) throw new InvalidMessage("a second end of a stream");
    this.#stopped = true;
    this.finish(undefined);
  }

  /** The next message, or the end; several readers are served in turn. */
  next(): Promise<Result> {
    const message = this.#unread.shift();
    if (message !== undefined) {
      let value: unknown;
      try {
        value = decodeOwned(message.payload, message.flags);
      } catch (error) {
        this.#link.breach(error as InvalidMessage);
        return refused(error as InvalidMessage);
      }
      this.#consumed(message.payload.length);
      return Promise.resolve({ done: false, value });
    }
    return this.#readers.wait();
  }

  /** Rejects the reader that has waited longest; false where nobody waits. The stream goes on. */
  reject(error: Error): boolean {
    return this.#readers.reject(error);
  }

  /** Behind what has come there is nothing more, or `error`, which outranks an end. */
  finish(error: Error | undefined): void {
    this.#readers.end(error);
  }

  /** It is over at once, with `error`: what has come is dropped. Where the other end had ended it already, that stands. */
  cut(error: Error): void {
    if (this.ended) return;
    this.#unread.drain();
    this.finish(error);
  }

  /** Nobody will read any more: what comes, and has come, is consumed unseen. */
  discard(): void {
    this.#discarding = true;
    for (const { payload } of this.#unread.drain()) this.#consumed(payload.length);
  }

  #consumed(bytes: number): void {
    const grant = this.#ledger.consumed(bytes);
    if (grant === undefined) return;
    this.#window.grant(grant.messages, grant.bytes);
    // Who has ended needs none.
    if (!this.ended) this.#link.grant(grant.messages, grant.bytes);
  }
}
