// Messages out of frames, and frames out of messages. However a peer sends, the memory held for messages that are not yet
// complete is bounded, per message, per channel and in number.
import { InvalidMessage } from "../errors/kinds.js";
import { Flag, FrameType, MAX_FRAME_PAYLOAD, MAX_MESSAGE } from "./frame.js";

/** Most bytes of incomplete messages that one channel holds: two messages of the largest size. */
export const MAX_PARTIAL_BYTES = 2 * MAX_MESSAGE;

/** Most incomplete messages on one channel; a sender that interleaves more than that gains nothing by it. */
export const MAX_PARTIAL_MESSAGES = 1024;

interface Partial {
  readonly type: number;
  readonly flags: number;
  readonly parts: Uint8Array[];
  bytes: number;
}

/**
 * Joins frames into messages. A context has two lanes, data and control, since a Cancel may overtake a message of many
 * frames in the same context; a lane carries one message at a time. A message of one frame passes without a copy.
 */
export class MessageAssembler {
  readonly #partial = new Map<number, Partial>();
  readonly #most: number;
  #held = 0;

  /** @param most bytes of incomplete messages; {@link MAX_PARTIAL_BYTES} by default, and never more */
  constructor(most: number = MAX_PARTIAL_BYTES) {
    this.#most = Math.min(most, MAX_PARTIAL_BYTES);
  }

  /** Bytes held for incomplete messages. */
  get heldBytes(): number {
    return this.#held;
  }

  /**
   * Takes one frame.
   * @param flags those of the frame; a complete message has the flags of its last frame, without `Flag.More`
   * @returns the message when it is complete, else undefined. A message of one frame is `payload` itself.
   * @throws InvalidMessage when type or flags change within a message, and when a bound is passed
   */
  accept(type: number, flags: number, context: number, payload: Uint8Array): Uint8Array | undefined {
    const more = (flags & Flag.More) !== 0;
    if (!more && this.#partial.size === 0) return payload;
    const lane = laneOf(type, context);
    const partial = this.#partial.get(lane);
    if (partial === undefined) {
      if (!more) return payload;
      if (this.#partial.size >= MAX_PARTIAL_MESSAGES)
        throw new InvalidMessage(`more than ${MAX_PARTIAL_MESSAGES} messages are incomplete at once`);
      this.#hold(payload.length);
      this.#partial.set(lane, { type, flags: flags & ~Flag.More, parts: [payload.slice()], bytes: payload.length });
      return undefined;
    }
    if (partial.type !== type)
      throw new InvalidMessage(
        `a message of type ${partial.type} in context ${context} was cut off by a frame of type ${type}`,
      );
    if (partial.flags !== (flags & ~Flag.More))
      throw new InvalidMessage(`the flags of a message in context ${context} changed between its frames`);
    // Frames that carry nothing would fill the list of parts without ever reaching a bound on bytes.
    if (more && payload.length === 0) throw new InvalidMessage(`an empty frame within a message in context ${context}`);
    const total = partial.bytes + payload.length;
    if (total > MAX_MESSAGE)
      throw new InvalidMessage(`a message in context ${context} is over the maximum of ${MAX_MESSAGE} bytes`);
    if (more) {
      this.#hold(payload.length);
      partial.parts.push(payload.slice());
      partial.bytes = total;
      return undefined;
    }
    this.#partial.delete(lane);
    this.#held -= partial.bytes;
    return join(partial.parts, payload, total);
  }

  /** Drops what has arrived of an incomplete message in `context`, in both lanes. Unknown contexts are no error. */
  forget(context: number): void {
    this.#drop(2 * context);
    this.#drop(2 * context + 1);
  }

  #drop(lane: number): void {
    const partial = this.#partial.get(lane);
    if (partial === undefined) return;
    this.#held -= partial.bytes;
    this.#partial.delete(lane);
  }

  #hold(bytes: number): void {
    if (this.#held + bytes > this.#most)
      throw new InvalidMessage(`incomplete messages hold more than ${this.#most} bytes`);
    this.#held += bytes;
  }
}

/** Whether frames of this type may overtake data in their context. */
export function isControl(type: number): boolean {
  switch (type) {
    case FrameType.Credit:
    case FrameType.Cancel:
    case FrameType.CancelAck:
    case FrameType.Log:
    case FrameType.Timer:
      return true;
    default:
      return false;
  }
}

const laneOf = (type: number, context: number): number => 2 * context + (isControl(type) ? 1 : 0);

function join(parts: readonly Uint8Array[], last: Uint8Array, total: number): Uint8Array {
  const message = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  message.set(last, at);
  return message;
}

/** A piece of a message: its bytes from `start` to `end`, and whether another piece follows (`Flag.More`). */
export interface MessagePart {
  readonly start: number;
  readonly end: number;
  readonly more: boolean;
}

/** How many frames a message of `bytes` takes; at least one, since a message may be empty. */
export function frameCount(bytes: number): number {
  return bytes <= MAX_FRAME_PAYLOAD ? 1 : Math.ceil(bytes / MAX_FRAME_PAYLOAD);
}

/**
 * The frames of a message, in order.
 * @param bytes length of the message
 * @throws InvalidMessage over {@link MAX_MESSAGE}
 */
export function* splitMessage(bytes: number): Generator<MessagePart, void, undefined> {
  if (bytes > MAX_MESSAGE)
    throw new InvalidMessage(`a message of ${bytes} bytes is over the maximum of ${MAX_MESSAGE}`);
  let start = 0;
  for (; bytes - start > MAX_FRAME_PAYLOAD; start += MAX_FRAME_PAYLOAD)
    yield { start, end: start + MAX_FRAME_PAYLOAD, more: true };
  yield { start, end: bytes, more: false };
}
