// Values to bytes and back. Everything that can be sent arrives as an equal value that shares nothing with the bytes it came
// in; whatever a peer sends is such a value or an InvalidMessage.
import { InvalidMessage } from "../errors/kinds.js";
import { Packr, RESERVE_START_SPACE, Unpackr } from "../vendor/msgpackr.js";
import { Flag, MAX_MESSAGE } from "./frame.js";
import { scan } from "./scan.js";
import { borrow } from "./slabs.js";
import { isPlainJson, MAX_DEPTH, MAX_NODES, walk } from "./walk.js";

// Every option that is not named keeps to plain msgpack: no records, no shared structures, no bundled strings.
const packer = new Packr({
  useRecords: false,
  // The other way of writing objects stops at 65,535 keys.
  variableMapSize: true,
  // A property `toJSON` is data like any other.
  useToJSON: false,
});

const unpacker = new Unpackr({
  useRecords: false,
  mapsAsObjects: true,
  // Without it a Uint8Array would be a view on what arrived.
  copyBuffers: true,
  structuredClone: false,
} as ConstructorParameters<typeof Unpackr>[0]);

// msgpackr packs message after message into one buffer until that is full; small messages share it, and it lives as long as
// one of them does. 32 KiB is some thirty messages of 1 KiB.
const SLAB = 32 * 1024;

// Its buffer grows with a large message and would stay so for good.
const LARGEST_KEPT = 1024 * 1024;

// Of a Buffer, where there is one, msgpackr writes texts several times as fast.
const { Buffer: NodeBuffer } = globalThis as { Buffer?: { allocUnsafeSlow(bytes: number): Uint8Array } };
// What a guest is sent was written and checked by its host; looking at each character of it would take an interpreter longer than
// everything else.
const isGuest = NodeBuffer === undefined;
const slab = (): Uint8Array => NodeBuffer?.allocUnsafeSlow(SLAB) ?? new Uint8Array(SLAB);
packer.useBuffer(slab());

// Set while the packer works. A proxy in the value may run code that sends something itself; the packer copes with that,
// but not with another buffer then.
let packing = false;

/**
 * Packs a value that was walked, or that is known to be plain (numbers, texts, lists, objects with ordinary keys).
 * @param root how the value is called in a refusal
 * @param reserve bytes to leave free at the beginning, at most 255: room for a header
 * @throws InvalidMessage over {@link MAX_MESSAGE}, and when memory does not suffice
 */
export function packValue(walked: unknown, root: string, reserve = 0): Uint8Array {
  const nested = packing;
  packing = true;
  let packed: Uint8Array;
  try {
    packed = reserve === 0 ? packer.pack(walked) : packer.pack(walked, RESERVE_START_SPACE + reserve);
  } catch (error) {
    if (!nested) packer.useBuffer(slab());
    throw new InvalidMessage(`it cannot be packed: ${error instanceof Error ? error.message : "unknown reason"}`, root);
  } finally {
    packing = nested;
  }
  if (!nested && packed.buffer.byteLength > LARGEST_KEPT) packer.useBuffer(slab());
  const capacity = packed.buffer.byteLength;
  if (packed.length - reserve > MAX_MESSAGE)
    throw new InvalidMessage(`a message of more than ${MAX_MESSAGE} bytes cannot be sent`, root);
  // A large buffer with little in it would be held as long as that little waits to be written.
  return capacity > LARGEST_KEPT && capacity > 2 * packed.length ? Uint8Array.prototype.slice.call(packed) : packed;
}

/**
 * Encodes a value as msgpack.
 * @param root how the value is called in a refusal, as "args", "result" or "started"
 * @param reserve bytes to leave free at the beginning, at most 255, as `HEADER_BYTES`; 0 by default
 * @throws InvalidMessage when the value cannot be sent, naming the place in it
 */
export function encodeValue(value: unknown, root: string, reserve = 0): Uint8Array {
  return packValue(walk(value, root), root, reserve);
}

/** A message's payload, and the flags of its frames. */
export interface Encoded {
  readonly payload: Uint8Array;
  readonly flags: number;
}

/** How a sender writes a value. @throws InvalidMessage when the value cannot be sent, naming the place in it */
export type Encode = (value: unknown, root: string) => Encoded;

/** Bytes as they are, every other value as msgpack. */
export const encodePacked: Encode = (value, root) => {
  if (!ArrayBuffer.isView(value)) return { payload: encodeValue(value, root), flags: 0 };
  const walked = walk(value, root);
  if (!isBytes(walked)) return { payload: packValue(walked, root), flags: 0 };
  if (walked.length > MAX_MESSAGE)
    throw new InvalidMessage(`a message of more than ${MAX_MESSAGE} bytes cannot be sent`, root);
  const payload = borrow(walked.length);
  if (payload === undefined) return { payload: copyOf(walked), flags: Flag.Bytes };
  payload.set(walked);
  return { payload, flags: Flag.Bytes };
};

/** What the walk leaves of a Uint8Array, and of a Buffer. */
const isBytes = (walked: unknown): walked is Uint8Array => ArrayBuffer.isView(walked) && walked instanceof Uint8Array;

/** Below this, memory is made and filled with zeros faster than it is asked for without. */
const WORTH_ASKING = 4096;

/** The same bytes in memory of their own. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (NodeBuffer === undefined || length < WORTH_ASKING) return new Uint8Array(bytes);
  const raw = NodeBuffer.allocUnsafeSlow(length);
  const copy = new Uint8Array(raw.buffer, raw.byteOffset, length);
  copy.set(bytes);
  return copy;
}

/** Bytes as they are, as JSON text whatever is plain JSON, since in a guest the parser and printer of JSON are native and msgpack is not. */
export const encodePlain: Encode = (value, root) => {
  if (ArrayBuffer.isView(value)) return encodePacked(value, root);
  const payload = encodeJson(value, root);
  return payload === undefined ? encodePacked(value, root) : { payload, flags: Flag.Json };
};

const encoder = new TextEncoder();

// Up to here it is cheaper to reserve the most that a text may take than to encode it apart and copy it.
const SHORT_TEXT = 4096;

/**
 * Encodes a value as JSON text, for frames with `Flag.Json`.
 * @param root how the value is called in a refusal
 * @param reserve bytes to leave free at the beginning; 0 by default
 * @returns undefined when the value is not plain JSON: it must go as msgpack then
 * @throws InvalidMessage when the value cannot be sent at all
 */
export function encodeJson(value: unknown, root: string, reserve = 0): Uint8Array | undefined {
  return isPlainJson(value, root) ? encodeText(value, root, reserve) : undefined;
}

/** As {@link encodeJson}, for a value that is known to be plain JSON. */
export function encodeText(value: unknown, root: string, reserve = 0): Uint8Array {
  let text: string;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new InvalidMessage(
      `it cannot be written as JSON: ${error instanceof Error ? error.message : "unknown reason"}`,
      root,
    );
  }
  if (text.length > MAX_MESSAGE)
    throw new InvalidMessage(`a message of more than ${MAX_MESSAGE} bytes cannot be sent`, root);
  // In a guest, encodeInto is encode and a copy.
  if (text.length <= SHORT_TEXT && (!isGuest || reserve > 0)) {
    const bytes = new Uint8Array(reserve + 3 * text.length); // no UTF-16 unit takes more than three bytes of UTF-8
    const { written } = encoder.encodeInto(text, reserve === 0 ? bytes : bytes.subarray(reserve));
    return bytes.subarray(0, reserve + written);
  }
  const encoded = encoder.encode(text);
  if (encoded.length > MAX_MESSAGE)
    throw new InvalidMessage(`a message of more than ${MAX_MESSAGE} bytes cannot be sent`, root);
  if (reserve === 0) return encoded;
  const bytes = new Uint8Array(reserve + encoded.length);
  bytes.set(encoded, reserve);
  return bytes;
}

/**
 * Decodes the payload of a message.
 * @param flags of its frame: `Flag.Json` tells the encoding
 * @returns a value that shares no memory with `bytes`
 * @throws InvalidMessage for anything that no sender of ours has made; nothing else
 */
export function decodeValue(bytes: Uint8Array, flags = 0): unknown {
  if (flags !== 0) {
    if (flags === Flag.Json) return decodeJson(bytes);
    if (flags === Flag.Bytes) return copyOf(bytes);
    throw new InvalidMessage("a payload of two encodings at once");
  }
  scan(bytes);
  // Of a Buffer, msgpackr would make Buffers.
  const plain =
    bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return unpacker.unpack(plain);
  } catch (error) {
    throw error instanceof InvalidMessage
      ? error
      : new InvalidMessage(
          `a payload that cannot be unpacked: ${error instanceof Error ? error.message : "unknown reason"}`,
        );
  }
}

/** As {@link decodeValue}, of a payload in memory that is nobody else's: bytes are not copied again. */
export function decodeOwned(payload: Uint8Array, flags: number): unknown {
  return flags === Flag.Bytes ? payload : decodeValue(payload, flags);
}

const decoder = new TextDecoder("utf-8", { fatal: !isGuest, ignoreBOM: true });

function decodeJson(bytes: Uint8Array): unknown {
  try {
    const text = decoder.decode(bytes);
    // A text that is shorter than a limit cannot pass it.
    if (text.length > MAX_DEPTH && !isGuest) checkJson(text);
    return JSON.parse(text);
  } catch (error) {
    throw error instanceof InvalidMessage
      ? error
      : new InvalidMessage("a payload that is not the JSON it claims to be");
  }
}

const DEPTH = MAX_DEPTH + 32; // as in scan.ts
const NODES = 2 * MAX_NODES + 4096;

/** Counts levels and values, in a text that need not be JSON. */
function checkJson(text: string): void {
  if (text.length <= MAX_NODES && openings(text) <= DEPTH) return;
  let depth = 0;
  let nodes = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        at = text.indexOf('"', at + 1);
        while (at > 0 && isEscaped(text, at)) at = text.indexOf('"', at + 1);
        if (at < 0) return; // not JSON, as the parser will say
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > DEPTH)
          throw new InvalidMessage(`a payload with values nested more than ${MAX_DEPTH} levels deep`);
        nodes++;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
      case 0x2c: // ,
        nodes++;
        break;
    }
    // A value is a container, or stands behind a comma, or is the first in its container.
    if (nodes > NODES) throw new InvalidMessage(`a payload with more than ${MAX_NODES} values`);
  }
}

/** An upper bound of the depth, found by searches that run natively: in a guest they cost a tenth of looking at each character. */
function openings(text: string): number {
  let count = 0;
  for (const bracket of ["[", "{"]) {
    for (let at = text.indexOf(bracket); at >= 0 && count <= DEPTH; at = text.indexOf(bracket, at + 1)) count++;
  }
  return count;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
  return (backslashes & 1) === 1;
}
