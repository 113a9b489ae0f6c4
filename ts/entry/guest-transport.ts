// The channel of a guest: two streams of the component model. Each item is one or more whole frames. One item at a time is on its
// way to the host; what is written meanwhile waits here, and counts as ahead.
import type { Transport, TransportSink } from "../protocol/transport.js";

/** A handle of the runtime on the stream that comes in. */
export interface StreamReadable {
  /** Resolves to at least one item, or to none when the host has ended the stream. */
  read(count: number): Promise<Uint8Array[]>;
  drop(): void;
}

/** A handle of the runtime on the stream that goes out. */
export interface StreamWritable {
  /** Copies the item before it returns. Resolves to 1, or to 0 when the host no longer reads. */
  writeOne(item: Uint8Array): Promise<number>;
  drop(): void;
}

/** Most items that are taken from the host at once. */
const BATCH = 16;
/** Most bytes of one item (wit/actor.wit). */
const MAX_ITEM = 256 * 1024;
/** Of so many bytes on their way it is said when they have gone: a channel holds back at 256 KiB. */
const WORTH_TELLING = 64 * 1024;

export class StreamTransport implements Transport {
  readonly #sink: TransportSink;
  #inbox: StreamReadable | undefined;
  #out: StreamWritable | undefined;
  readonly #waiting: Uint8Array[] = [];
  #ahead = 0;
  /** Bytes of the item on its way. */
  #going = 0;
  #busy = false;
  #ending = false;
  #ended = false;

  // Made once: a turn allocates as little as it can.
  readonly #onItems = (items: readonly Uint8Array[]): void => {
    if (this.#ended) return;
    const { length } = items;
    if (length === 0) return this.#sink.ended();
    for (let i = 0; i < length; i++) this.#sink.received(items[i] as Uint8Array);
    this.#next();
  };
  readonly #onEnd = (): void => this.#sink.ended();
  readonly #onWritten = (written: number): void => this.#gone(written);

  /** Made while the actor is built, before there are streams. */
  constructor(sink: TransportSink) {
    this.#sink = sink;
  }

  get ahead(): number {
    return this.#ahead;
  }

  /** An instance begins. Reads until the host ends the stream. Never throws. */
  pump(inbox: StreamReadable, out: StreamWritable): void {
    this.#inbox = inbox;
    this.#out = out;
    this.#next();
  }

  #next(): void {
    if (this.#ended) return;
    try {
      (this.#inbox as StreamReadable).read(BATCH).then(this.#onItems, this.#onEnd);
    } catch {
      this.#onEnd(); // it ended with the last batch
    }
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ended) return true;
    this.#ahead += bytes.length;
    if (this.#busy) this.#waiting.push(bytes.slice());
    else this.#put(bytes);
    return true;
  }

  soon(work: () => void): void {
    queueMicrotask(work);
  }

  end(): void {
    this.#ending = true;
    if (!this.#busy) this.destroy();
  }

  destroy(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting.length = 0;
    this.#ahead = 0;
    // The runtime takes no drop while an item is on its way; what is left then ends with the item.
    if (!this.#busy) this.#out?.drop();
  }

  #put(bytes: Uint8Array): void {
    this.#busy = true;
    this.#going = bytes.length;
    (this.#out as StreamWritable).writeOne(bytes).then(this.#onWritten);
  }

  #gone(written: number): void {
    this.#busy = false;
    if (this.#ended) return (this.#out as StreamWritable).drop();
    const before = this.#ahead;
    this.#ahead -= this.#going;
    if (written === 0) return this.destroy();
    if (this.#waiting.length > 0) this.#put(this.#take());
    else if (this.#ending) return this.destroy();
    if (before >= WORTH_TELLING) this.#sink.drained();
  }

  /** What waits, as one item as far as it fits. */
  #take(): Uint8Array {
    const first = this.#waiting[0] as Uint8Array;
    let count = 1;
    let bytes = first.length;
    for (; count < this.#waiting.length; count++) {
      const { length } = this.#waiting[count] as Uint8Array;
      if (bytes + length > MAX_ITEM) break;
      bytes += length;
    }
    const taken = this.#waiting.splice(0, count);
    if (count === 1) return first;
    const item = new Uint8Array(bytes);
    let at = 0;
    for (const part of taken) {
      item.set(part, at);
      at += part.length;
    }
    return item;
  }
}
