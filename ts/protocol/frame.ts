// Frames on the wire: a header of ten bytes and a payload. What the reader hands out is a well-formed frame of a known type;
// anything else is an InvalidMessage, and nothing is ever buffered beyond one frame.
import { InvalidMessage } from "../errors/kinds.js";

/** Bytes of a header: u32 payload length, u8 type, u8 flags, u32 context, all little endian. */
export const HEADER_BYTES = 10;

/**
 * Most bytes in the payload of one frame. A control frame waits for at most the frame before it, so this is the grain of
 * its delay; it is also what a pipe of Linux takes in one write.
 */
export const MAX_FRAME_PAYLOAD = 64 * 1024;

/** Most bytes of one message, over all its frames. More than that belongs in a file or a stream. */
export const MAX_MESSAGE = 64 * 1024 * 1024;

/** The types of frames. Numbers are never reused. */
export const FrameType = {
  /** Actor to host, first of all: version, identity, one-time token. */
  Hello: 1,
  /** Host to actor: who you are and what to load. */
  Spec: 2,
  /** Actor to host: loaded; these are my endpoints. */
  Ready: 3,
  /** Begins a task: a call or a context. */
  Start: 4,
  /** The other side took the task on. */
  StartAck: 5,
  /** The started value of a context. */
  Started: 6,
  /** One message of a stream. */
  Yield: 7,
  /** More may be sent. Fixed body. */
  Credit: 8,
  /** End of one direction of a stream. */
  Stop: 9,
  /** The result of a task. */
  Return: 10,
  /** A task failed. */
  Error: 11,
  /** Please end this task, or the whole actor. */
  Cancel: 12,
  /** The loop of the actor answers a Cancel. */
  CancelAck: 13,
  /** A guest asks its host for something: in context 0 by an order (`orders.ts`), elsewhere by bytes for an actor of its own. */
  Request: 14,
  /** What comes of a Request, in the same contexts. In a context of the host's: why a message of its stream was refused. */
  Reply: 15,
  /** A log record. Fixed head. */
  Log: 16,
  /** A guest asks to be woken. Fixed body. */
  Timer: 17,
} as const;

/** One of the numbers of {@link FrameType}. */
export type FrameType = (typeof FrameType)[keyof typeof FrameType];

/** Flags of a frame, as bits. A frame with any other bit is refused. */
export const Flag = {
  /** The message goes on in a further frame of the same type and context. */
  More: 1,
  /** The payload is JSON text and not msgpack. */
  Json: 2,
  /** The payload is the bytes of one Uint8Array, and not msgpack: nothing is wrapped around them, and a guest need not unwrap them. */
  Bytes: 4,
} as const;

const LAST_TYPE = FrameType.Timer;
const KNOWN_FLAGS = Flag.More | Flag.Json | Flag.Bytes;

/** What a {@link FrameReader} calls for each frame. `payload` is valid only until it returns. */
export type OnFrame = (type: FrameType, flags: number, context: number, payload: Uint8Array) => void;

/**
 * Writes a header into `target` at `offset`.
 * @param length bytes of the payload, at most {@link MAX_FRAME_PAYLOAD}
 * @param context number of the context, 0 for the channel itself, at most 2^32 - 1
 */
export function writeHeader(
  target: Uint8Array,
  offset: number,
  length: number,
  type: number,
  flags: number,
  context: number,
): void {
  target[offset] = length;
  target[offset + 1] = length >>> 8;
  target[offset + 2] = length >>> 16;
  target[offset + 3] = length >>> 24;
  target[offset + 4] = type;
  target[offset + 5] = flags;
  target[offset + 6] = context;
  target[offset + 7] = context >>> 8;
  target[offset + 8] = context >>> 16;
  target[offset + 9] = context >>> 24;
}

/**
 * Turns a message that was encoded behind {@link HEADER_BYTES} reserved bytes into its one frame, without a copy.
 * @param message reserved bytes and payload; the payload at most {@link MAX_FRAME_PAYLOAD}
 * @returns the same bytes
 */
export function sealFrame(message: Uint8Array, type: number, flags: number, context: number): Uint8Array {
  writeHeader(message, 0, message.length - HEADER_BYTES, type, flags, context);
  return message;
}

/** A frame of its own memory, for payloads that were not encoded behind reserved bytes. */
export function encodeFrame(type: number, flags: number, context: number, payload?: Uint8Array): Uint8Array {
  const length = payload === undefined ? 0 : payload.length;
  const frame = new Uint8Array(HEADER_BYTES + length);
  writeHeader(frame, 0, length, type, flags, context);
  if (payload !== undefined) frame.set(payload, HEADER_BYTES);
  return frame;
}

const NOTHING = new Uint8Array(0);

// Most torn frames are small; one that is not lets the room grow, up to the size of the largest frame.
const FIRST_ROOM = 1024;

/**
 * Cuts a stream of bytes into frames. Chunks may be split anywhere. A frame that lies whole within its chunk is not copied.
 * After any error, its own or one of `onFrame`, the reader is dead: its place in the stream is lost.
 */
export class FrameReader {
  #state: "idle" | "reading" | "dead" = "idle";
  /** The frame that the last chunk tore: `#have` bytes of header and payload. */
  #torn: Uint8Array = NOTHING;
  #have = 0;

  /**
   * Takes the next bytes of the stream.
   * @throws InvalidMessage for a payload over {@link MAX_FRAME_PAYLOAD}, an unknown type, unknown flags, or a dead reader
   */
  push(chunk: Uint8Array, onFrame: OnFrame): void {
    if (this.#state === "dead") throw new InvalidMessage("the reader of frames has failed or ended");
    if (this.#state === "reading") throw new InvalidMessage("the reader of frames was entered while it was reading");
    this.#state = "reading";
    try {
      this.#read(chunk, onFrame);
      this.#state = "idle";
    } catch (error) {
      this.#state = "dead";
      throw error;
    }
  }

  /**
   * The stream has ended; a dead reader has told what it had to tell.
   * @throws InvalidMessage when it ended within a frame
   */
  end(): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    if (this.#have > 0)
      throw new InvalidMessage(`the stream ended within a frame: ${this.#have} bytes of it had arrived`);
  }

  #read(chunk: Uint8Array, onFrame: OnFrame): void {
    const size = chunk.length;
    let at = 0;
    if (this.#have > 0) {
      at = this.#mend(chunk, onFrame);
      if (at < 0) return;
    }
    // Plain views, also of a Buffer: what is decoded from one must not become a Buffer.
    const { buffer, byteOffset } = chunk;
    while (size - at >= HEADER_BYTES) {
      const length = readLength(chunk, at);
      const end = at + HEADER_BYTES + length;
      if (end > size) break;
      onFrame(
        chunk[at + 4] as FrameType,
        chunk[at + 5] as number,
        readContext(chunk, at),
        new Uint8Array(buffer, byteOffset + at + HEADER_BYTES, length),
      );
      at = end;
    }
    if (at < size) this.#keep(chunk, at, size);
  }

  /** Completes the torn frame. Returns where the chunk goes on, or -1 when it was used up and the frame is still torn. */
  #mend(chunk: Uint8Array, onFrame: OnFrame): number {
    let at = 0;
    if (this.#have < HEADER_BYTES) {
      at = Math.min(HEADER_BYTES - this.#have, chunk.length);
      this.#keep(chunk, 0, at);
      if (this.#have < HEADER_BYTES) return -1;
    }
    const total = HEADER_BYTES + readLength(this.#torn, 0);
    const end = Math.min(at + total - this.#have, chunk.length);
    this.#reserve(total);
    this.#keep(chunk, at, end);
    if (this.#have < total) return -1;
    const frame = this.#torn;
    this.#have = 0;
    onFrame(frame[4] as FrameType, frame[5] as number, readContext(frame, 0), frame.subarray(HEADER_BYTES, total));
    return end;
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    this.#reserve(this.#have + to - from);
    this.#torn.set(from === 0 && to === chunk.length ? chunk : chunk.subarray(from, to), this.#have);
    this.#have += to - from;
  }

  #reserve(bytes: number): void {
    if (this.#torn.length >= bytes) return;
    const room = new Uint8Array(
      Math.min(Math.max(bytes, FIRST_ROOM, 2 * this.#torn.length), HEADER_BYTES + MAX_FRAME_PAYLOAD),
    );
    room.set(this.#torn.subarray(0, this.#have));
    this.#torn = room;
  }
}

/** Payload length of the header at `at`, after checking the whole header. */
function readLength(bytes: Uint8Array, at: number): number {
  const length = readU32(bytes, at);
  if (length > MAX_FRAME_PAYLOAD)
    throw new InvalidMessage(`a frame of ${length} bytes is over the maximum of ${MAX_FRAME_PAYLOAD}`);
  const type = bytes[at + 4] as number;
  if (type === 0 || type > LAST_TYPE) throw new InvalidMessage(`a frame of unknown type ${type}`);
  const flags = bytes[at + 5] as number;
  if ((flags & ~KNOWN_FLAGS) !== 0) throw new InvalidMessage(`a frame with unknown flags ${flags}`);
  return length;
}

const readContext = (bytes: Uint8Array, at: number): number => readU32(bytes, at + 6);

function readU32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}
