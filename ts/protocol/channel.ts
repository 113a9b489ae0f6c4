// A channel carries frames between two actors and keeps these promises:
// - frames of one context keep their order; control frames of other contexts overtake waiting data;
// - the transport is given at most 256 KiB ahead, so a control frame waits behind that much and no more;
// - a long message never holds up another context's: contexts with data waiting take turns, frame by frame;
// - calls are under credit in both directions (`credit.ts`), and nothing is dropped silently;
// - anything hostile ends the channel with one InvalidMessage, delivered once, and never throws into the caller.
import { InvalidMessage } from "../errors/kinds.js";
import { isControl, MAX_PARTIAL_BYTES, MessageAssembler } from "./assembly.js";
import { decodeCredit, encodeCredit } from "./bodies.js";
import { CreditLedger, CreditWindow } from "./credit.js";
import { Flag, FrameReader, FrameType, HEADER_BYTES, MAX_FRAME_PAYLOAD, MAX_MESSAGE, writeHeader } from "./frame.js";
import { giveBack } from "./slabs.js";
import type { Transport, TransportSink } from "./transport.js";

/** What the transport may hold that the system has not taken (design section 5). */
const MAX_AHEAD = 256 * 1024;
/** One buffer of frames on their way to the transport: a full frame beside a few small ones. */
const OUT_BYTES = 128 * 1024;
/** What that is at first: of thousands of actors most never send a large message. */
const FIRST_OUT_BYTES = 2 * 1024;

/** A payload of so many bytes is not copied behind its header, but given to the transport as it is, where that takes two pieces. */
const APART = 16 * 1024;

type WriteBoth = NonNullable<Transport["writeBoth"]>;

/** Messages of several frames that are under way at once: enough that none waits long, far below what the receiver's
 *  assembler refuses (`assembly.ts`). */
const MAX_BEGUN = 64;

/** Who hears what comes through a channel. */
export interface ChannelHandler {
  /** `payload` is valid during the call only. Throws nothing but InvalidMessage, which ends the channel. */
  message(type: FrameType, flags: number, context: number, payload: Uint8Array): void;
  /**
   * Once. `breach` is what the peer did wrong, or undefined where the channel just ended. `torn`: that is no more than that it ended
   * within a frame.
   */
  closed(breach: InvalidMessage | undefined, torn?: boolean): void;
}

interface Waiting {
  readonly type: FrameType;
  readonly flags: number;
  readonly context: number;
  readonly payload: Uint8Array;
  offset: number;
}

export class Channel implements TransportSink {
  readonly #transport: Transport;
  readonly #handler: ChannelHandler;
  readonly #reader = new FrameReader();
  readonly #assembler: MessageAssembler;
  /** Credit of the calls that all contexts of this channel share, in each direction. */
  readonly #window = new CreditWindow();
  readonly #ledger = new CreditLedger();
  readonly #uncredited: Waiting[] = [];
  /** Messages that wait for room, by context; a context takes its turn in the order of the map. */
  readonly #backlog = new Map<number, Waiting[]>();
  /** Messages of several frames of which a part has gone: their number and whole length. */
  #begun = 0;
  #begunBytes = 0;
  #out = new Uint8Array(FIRST_OUT_BYTES);
  #length = 0;
  /** Bodies that the transport may still have to write. */
  readonly #unwritten: Uint8Array[] = [];
  #scheduled = false;
  /** Within {@link received}, at whose end everything goes. */
  #receiving = false;
  #closed = false;
  readonly #onFrame = (type: FrameType, flags: number, context: number, payload: Uint8Array): void =>
    this.#frame(type, flags, context, payload);
  readonly #flushLater = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  /** @param memory bytes that the peer can have at all: of messages that it has not sent to the end no more are kept */
  constructor(transport: Transport, handler: ChannelHandler, memory?: number) {
    this.#transport = transport;
    this.#handler = handler;
    this.#assembler = new MessageAssembler(memory);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Sends a message; on a closed channel it goes nowhere, as its answer would.
   * @param payload is the channel's from here on, which gives borrowed memory back (`slabs.ts`)
   * @throws InvalidMessage it is longer than 64 MiB: refused here, and nothing was sent
   */
  send(type: FrameType, flags: number, context: number, payload: Uint8Array): void {
    if (payload.length > MAX_MESSAGE)
      throw new InvalidMessage(`a message of ${payload.length} bytes is over the maximum of ${MAX_MESSAGE}`);
    if (this.#closed) return;
    if (isCharged(type, context) && (this.#uncredited.length > 0 || !this.#window.take(payload.length))) {
      this.#uncredited.push({ type, flags, context, payload, offset: 0 });
      return;
    }
    this.#enqueue(type, flags, context, payload);
  }

  /** Takes back the Start of `context`, where nothing of it has been sent; false if some of it is on its way, or has arrived. */
  withdraw(context: number): boolean {
    const uncredited = this.#uncredited.findIndex((one) => one.context === context && one.type === FrameType.Start);
    if (uncredited >= 0) {
      this.#uncredited.splice(uncredited, 1);
      return true;
    }
    const queue = this.#backlog.get(context);
    const only = queue?.[0];
    // What else waits, a message of the context's stream, says that the peer has its task.
    if (queue?.length !== 1 || only?.type !== FrameType.Start || only.offset > 0) return false;
    this.#backlog.delete(context);
    // What it took of the window is given back by hand: the peer will never grant for it.
    this.#window.grant(1, only.payload.length);
    return true;
  }

  /** Bytes of `context` that wait for room. */
  waiting(context: number): number {
    let bytes = 0;
    for (const { payload, offset } of this.#backlog.get(context) ?? []) bytes += payload.length - offset;
    return bytes;
  }

  /** Gives everything that may go to the transport now. */
  flush(): void {
    if (this.#closed) return;
    do {
      this.#write();
    } while (this.#refill());
  }

  /** Ends the channel from this side: what its transport has room for is still delivered, nothing more is received. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    this.#transport.end();
    this.#handler.closed(undefined);
  }

  received(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#receiving = true;
    try {
      this.#reader.push(bytes, this.#onFrame);
    } catch (error) {
      this.breach(error);
    } finally {
      this.#receiving = false;
    }
    this.flush();
  }

  drained(): void {
    if (this.#transport.ahead === 0) this.#written();
    this.flush();
  }

  ended(): void {
    if (this.#closed) return;
    let breach: InvalidMessage | undefined;
    try {
      this.#reader.end();
    } catch (error) {
      if (!(error instanceof InvalidMessage)) throw error;
      breach = error;
    }
    this.#closed = true;
    this.#transport.destroy();
    this.#handler.closed(breach, breach !== undefined);
  }

  #frame(type: FrameType, flags: number, context: number, payload: Uint8Array): void {
    if (this.#closed) return;
    const message = this.#assembler.accept(type, flags, context, payload);
    if (message === undefined) return;
    if (type === FrameType.Credit && context === 0) {
      const { messages, bytes } = decodeCredit(message);
      this.#window.grant(messages, bytes);
      this.#spendCredit();
      return;
    }
    this.#handler.message(type, flags & ~Flag.More, context, message);
    if (isCharged(type, context)) {
      const grant = this.#ledger.consumed(message.length);
      if (grant !== undefined) {
        this.send(FrameType.Credit, 0, 0, encodeCredit(grant.messages, grant.bytes));
        // At once: the peer goes on while this side works through the rest of what it was sent.
        this.flush();
      }
    }
  }

  #spendCredit(): void {
    let sent = 0;
    for (const waiting of this.#uncredited) {
      if (!this.#window.take(waiting.payload.length)) break;
      this.#enqueue(waiting.type, waiting.flags, waiting.context, waiting.payload);
      sent++;
    }
    this.#uncredited.splice(0, sent);
  }

  #enqueue(type: FrameType, flags: number, context: number, payload: Uint8Array): void {
    const queue = this.#backlog.get(context);
    if (queue !== undefined) {
      queue.push({ type, flags, context, payload, offset: 0 });
      return;
    }
    const single = payload.length <= MAX_FRAME_PAYLOAD;
    const room = this.#transport.ahead + this.#length < MAX_AHEAD;
    // The error of a whole actor is the last that it says: it does not wait for what will never be sent.
    const urgent = isControl(type) || (type === FrameType.Error && context === 0);
    if (single && (urgent || (room && this.#backlog.size === 0))) {
      this.#append(type, flags, context, payload, 0, payload.length);
    } else {
      this.#backlog.set(context, [{ type, flags, context, payload, offset: 0 }]);
    }
    if (!this.#scheduled && !this.#receiving) {
      this.#scheduled = true;
      this.#transport.soon(this.#flushLater);
    }
  }

  #append(type: FrameType, flags: number, context: number, payload: Uint8Array, from: number, to: number): void {
    const bytes = HEADER_BYTES + to - from;
    if (this.#length + bytes > OUT_BYTES) this.#write();
    if (bytes >= APART && this.#transport.writeBoth !== undefined) {
      if (this.#length + HEADER_BYTES > this.#out.length) this.#grow(this.#length + HEADER_BYTES);
      writeHeader(this.#out, this.#length, to - from, type, flags, context);
      this.#length += HEADER_BYTES;
      return this.#write(payload.subarray(from, to));
    }
    if (this.#length + bytes > this.#out.length) this.#grow(this.#length + bytes);
    writeHeader(this.#out, this.#length, to - from, type, flags, context);
    this.#out.set(
      from === 0 && to === payload.length ? payload : payload.subarray(from, to),
      this.#length + HEADER_BYTES,
    );
    this.#length += bytes;
  }

  /** @param body what follows, in memory that nobody changes */
  #write(body?: Uint8Array): void {
    if (this.#length === 0) return;
    const out = this.#out.subarray(0, this.#length);
    const free =
      body === undefined
        ? this.#transport.write(out)
        : (this.#transport.writeBoth as WriteBoth).call(this.#transport, out, body);
    if (!free) this.#out = new Uint8Array(this.#out.length);
    this.#length = 0;
    if (body !== undefined) this.#unwritten.push(body);
    if (free) this.#written();
  }

  /** The transport has nothing left. */
  #written(): void {
    for (const body of this.#unwritten) giveBack(body);
    this.#unwritten.length = 0;
  }

  #grow(bytes: number): void {
    const out = new Uint8Array(Math.min(OUT_BYTES, Math.max(bytes, 2 * this.#out.length)));
    out.set(this.#out.subarray(0, this.#length));
    this.#out = out;
  }

  /** Moves one round of waiting frames, one of each context, towards the transport; whether there was anything to move. */
  #refill(): boolean {
    let moved = false;
    for (const [context, queue] of this.#backlog) {
      if (this.#transport.ahead + this.#length >= MAX_AHEAD) break;
      const waiting = queue[0] as Waiting;
      const end = Math.min(waiting.offset + MAX_FRAME_PAYLOAD, waiting.payload.length);
      const last = end === waiting.payload.length;
      const { length } = waiting.payload;
      if (waiting.offset === 0 && !last) {
        if (this.#begun >= MAX_BEGUN || this.#begunBytes + length > MAX_PARTIAL_BYTES) continue;
        this.#begun++;
        this.#begunBytes += length;
      } else if (waiting.offset > 0 && last) {
        this.#begun--;
        this.#begunBytes -= length;
      }
      this.#append(
        waiting.type,
        last ? waiting.flags : waiting.flags | Flag.More,
        context,
        waiting.payload,
        waiting.offset,
        end,
      );
      waiting.offset = end;
      moved = true;
      this.#backlog.delete(context);
      if (last) queue.shift();
      if (queue.length > 0) this.#backlog.set(context, queue);
    }
    return moved;
  }

  /** Ends the channel for what its peer did wrong, where that is found only later. */
  breach(error: unknown): void {
    if (!(error instanceof InvalidMessage)) throw error;
    if (this.#closed) return;
    this.#closed = true;
    this.#transport.destroy();
    this.#handler.closed(error);
  }
}

/** Calls and their answers share one window per channel and direction. */
function isCharged(type: FrameType, context: number): boolean {
  return context !== 0 && (type === FrameType.Start || type === FrameType.Return || type === FrameType.Error);
}
