// Flow control of one direction of a stream: the receiver's memory is bounded by the window, and nothing is ever dropped.
// The sender keeps a window, the receiver a ledger; both only count.
import { InvalidMessage } from "../errors/kinds.js";

/** Messages that may be on their way before the receiver has consumed any. */
export const WINDOW_MESSAGES = 256;

/** Bytes that may be on their way before the receiver has consumed any. */
export const WINDOW_BYTES = 1024 * 1024;

// A quarter of the window is given back at a time: a sender at full speed never runs dry while its credit travels, and the
// price is one Credit frame per 64 messages. Both sides must agree on it, see `fits`.
const BATCHES = 4;

/** What one Credit frame gives back. */
export interface Grant {
  readonly messages: number;
  readonly bytes: number;
}

/** The sender's side: how much may still be sent. */
export class CreditWindow {
  #messages = 0;
  #bytes = 0;
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #batchMessages: number;
  readonly #batchBytes: number;

  constructor(maxMessages: number = WINDOW_MESSAGES, maxBytes: number = WINDOW_BYTES) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
    this.#batchMessages = batchOf(maxMessages);
    this.#batchBytes = batchOf(maxBytes);
  }

  /** Messages sent and not yet given back. */
  get outstandingMessages(): number {
    return this.#messages;
  }

  /** Bytes sent and not yet given back. */
  get outstandingBytes(): number {
    return this.#bytes;
  }

  /**
   * Whether a message of `bytes` may go now. One that is larger than the window may go when nothing is outstanding. The
   * receiver may have consumed everything and still owe us a little less than a batch, of which it never tells; so a message
   * that would not fit beside a batch may go when less than a batch is outstanding, or it would wait for ever.
   */
  fits(bytes: number): boolean {
    if (this.#messages < this.#maxMessages && this.#bytes + bytes <= this.#maxBytes) return true;
    if (bytes <= this.#maxBytes - this.#batchBytes) return this.#messages === 0;
    return this.#messages === 0 || (this.#messages < this.#batchMessages && this.#bytes < this.#batchBytes);
  }

  /** Takes credit for a message of `bytes`. False: it must wait for a grant, and nothing was taken. */
  take(bytes: number): boolean {
    if (!this.fits(bytes)) return false;
    this.#messages++;
    this.#bytes += bytes;
    return true;
  }

  /**
   * The receiver has consumed messages.
   * @throws InvalidMessage when it gives back more than is outstanding, or all the messages but not all the bytes
   */
  grant(messages: number, bytes: number): void {
    if (!(messages >= 0 && messages <= this.#messages && bytes >= 0 && bytes <= this.#bytes)) {
      throw new InvalidMessage(
        `credit for ${messages} messages and ${bytes} bytes, while ${this.#messages} messages and ${this.#bytes} bytes are outstanding`,
      );
    }
    if (messages === this.#messages && bytes !== this.#bytes) {
      throw new InvalidMessage(`credit for every message, but for ${bytes} of ${this.#bytes} bytes`);
    }
    this.#messages -= messages;
    this.#bytes -= bytes;
  }
}

/** The receiver's side: what it has consumed and not yet given back. */
export class CreditLedger {
  #messages = 0;
  #bytes = 0;
  readonly #batchMessages: number;
  readonly #batchBytes: number;

  constructor(maxMessages: number = WINDOW_MESSAGES, maxBytes: number = WINDOW_BYTES) {
    this.#batchMessages = batchOf(maxMessages);
    this.#batchBytes = batchOf(maxBytes);
  }

  /**
   * A message of `bytes` was consumed.
   * @returns what to grant, once a batch is due; undefined before that
   */
  consumed(bytes: number): Grant | undefined {
    this.#messages++;
    this.#bytes += bytes;
    if (this.#messages < this.#batchMessages && this.#bytes < this.#batchBytes) return undefined;
    const grant = { messages: this.#messages, bytes: this.#bytes };
    this.#messages = 0;
    this.#bytes = 0;
    return grant;
  }
}

const batchOf = (window: number): number => Math.max(1, Math.floor(window / BATCHES));
