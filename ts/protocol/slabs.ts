// Memory for bytes on their way out, used again once the system has them. A sender of large messages that asked for new memory each
// time would have every page of it made and cleared by the system, and written to in a cold cache: half of what sending takes.
import { MAX_FRAME_PAYLOAD } from "./frame.js";

/** Payloads below this are not worth it, and are copied behind their header anyway (`channel.ts`). */
const LEAST = 16 * 1024;
/** What is kept for the next: as much as one stream can have on its way. */
const MOST_KEPT = 16;

const { Buffer: NodeBuffer } = globalThis as { Buffer?: { allocUnsafeSlow(bytes: number): Uint8Array } };

const kept: ArrayBufferLike[] = [];
/** Those in use. Who drops one instead of giving it back loses nothing but that. */
const lent = new WeakSet<ArrayBufferLike>();

/**
 * Memory for a payload that is sent once; it is not cleared.
 * @param length bytes
 * @returns undefined for a length that it has no memory for
 */
export function borrow(length: number): Uint8Array | undefined {
  if (NodeBuffer === undefined || length < LEAST || length > MAX_FRAME_PAYLOAD) return undefined;
  const slab = kept.pop() ?? NodeBuffer.allocUnsafeSlow(MAX_FRAME_PAYLOAD).buffer;
  lent.add(slab);
  return new Uint8Array(slab, 0, length);
}

/** The system has these bytes, and nobody looks at them any more. Bytes that were not borrowed are left alone. */
export function giveBack(bytes: Uint8Array): void {
  if (lent.delete(bytes.buffer) && kept.length < MOST_KEPT) kept.push(bytes.buffer);
}
