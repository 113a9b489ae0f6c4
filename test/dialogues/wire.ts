// One direction between two channels: keeps what it is given until the test lets some of it through, in pieces of the test's choice, and
// tells of each whole message twice: when it is written, and when its last byte is delivered.
import { MessageAssembler } from "#brood/protocol/assembly.js";
import type { Channel } from "#brood/protocol/channel.js";
import { FrameReader, type FrameType } from "#brood/protocol/frame.js";
import type { Transport } from "#brood/protocol/transport.js";

export interface Message {
  readonly type: FrameType;
  readonly flags: number;
  readonly context: number;
  readonly payload: Uint8Array;
}

type Hear = (message: Message) => void;

export class Wire implements Transport {
  readonly #written: (bytes: Uint8Array) => void;
  readonly #delivered: (bytes: Uint8Array) => void;
  readonly #chunks: Uint8Array[] = [];
  #ended = false;
  #over = false;
  ahead = 0;
  /** The channel that writes. */
  from!: Channel;
  /** The one that reads. */
  to!: Channel;

  constructor(written: Hear, delivered: Hear) {
    this.#written = messagesOf(written);
    this.#delivered = messagesOf(delivered);
  }

  write(bytes: Uint8Array): boolean {
    const own = bytes.slice();
    this.#written(own);
    // Nobody hears of a break before its own end of it.
    if (this.#ended) return true;
    this.#chunks.push(own);
    this.ahead += own.length;
    return true;
  }
  soon(work: () => void): void {
    queueMicrotask(work);
  }
  end(): void {
    this.#ended = true;
  }
  destroy(): void {
    this.#ended = true;
  }

  /** Delivers at most so many bytes; behind the last one, the end, where there is one. Whether there was anything. */
  deliver(most: number): boolean {
    if (this.ahead === 0) {
      if (!this.#ended || this.#over) return false;
      this.#over = true;
      this.to.ended();
      return true;
    }
    const piece = new Uint8Array(Math.min(most, this.ahead));
    for (let have = 0; have < piece.length;) {
      const chunk = this.#chunks[0] as Uint8Array;
      const taken = chunk.subarray(0, piece.length - have);
      piece.set(taken, have);
      have += taken.length;
      if (taken.length === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(taken.length);
    }
    this.ahead -= piece.length;
    if (!this.to.closed) {
      this.#delivered(piece);
      this.to.received(piece);
    }
    if (!this.from.closed) this.from.drained();
    return true;
  }

  /** Whatever is under way is lost, but for so many bytes: its reader sees the end behind them. */
  cut(keep: number): void {
    while (keep > 0 && this.ahead > 0) {
      const before = this.ahead;
      this.deliver(keep);
      keep -= before - this.ahead;
    }
    this.#chunks.length = 0;
    this.ahead = 0;
    this.#ended = true;
    this.deliver(0);
  }
}

function messagesOf(hear: Hear): (bytes: Uint8Array) => void {
  const reader = new FrameReader();
  const assembler = new MessageAssembler();
  return (bytes) =>
    reader.push(bytes, (type, flags, context, part) => {
      const payload = assembler.accept(type, flags, context, part);
      if (payload !== undefined) hear({ type, flags: flags & ~1, context, payload: payload.slice() });
    });
}
