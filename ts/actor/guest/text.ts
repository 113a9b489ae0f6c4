// TextEncoder and TextDecoder over the host's native text; UTF-8 only. A text with lone surrogates never reaches the import: it would trap,
// and so would any value of another type. While the actor is built there is no import to call (that fails the build), so the few texts of
// a top level are converted here.
import { host } from "./host.js";

/** The names that the encoding standard knows for UTF-8. */
const LABELS = ["utf-8", "utf8", "unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "x-unicode20utf8"];

/** What an invalid sequence becomes. */
const REPLACEMENT = "\ufffd";

const BYTE_ORDER_MARK = 0xfeff;

export class TextEncoder {
  get encoding(): "utf-8" {
    return "utf-8";
  }

  encode(text: unknown = ""): Uint8Array {
    return encodeText(wellFormed(String(text)));
  }

  encodeInto(text: unknown, target: Uint8Array): { read: number; written: number } {
    if (!(target instanceof Uint8Array)) throw new TypeError("TextEncoder.encodeInto: the target is no Uint8Array");
    let source = wellFormed(String(text));
    // No character takes less than a byte.
    if (source.length > target.length) source = source.slice(0, target.length + 1);
    let bytes = encodeText(wellFormed(source));
    if (bytes.length > target.length) {
      let fits = target.length;
      while (fits > 0 && ((bytes[fits] as number) & 0xc0) === 0x80) fits--;
      bytes = bytes.subarray(0, fits);
    }
    target.set(bytes);
    let read = 0;
    // One UTF-16 unit for each character, two for one of four bytes.
    for (const byte of bytes) if ((byte & 0xc0) !== 0x80) read += byte >= 0xf0 ? 2 : 1;
    return { read, written: bytes.length };
  }

  get [Symbol.toStringTag](): string {
    return "TextEncoder";
  }
}

export class TextDecoder {
  readonly #fatal: boolean;
  readonly #ignoreBOM: boolean;
  /** The beginning of a character whose end has not come yet. */
  #held: Uint8Array | undefined;
  /** Within a stream whose first character was seen. */
  #begun = false;

  constructor(label: unknown = "utf-8", options?: { fatal?: boolean; ignoreBOM?: boolean }) {
    if (!LABELS.includes(String(label).trim().toLowerCase()))
      throw new RangeError(`The "${String(label)}" encoding is not supported: a wasm actor has utf-8 only`);
    this.#fatal = Boolean(options?.fatal);
    this.#ignoreBOM = Boolean(options?.ignoreBOM);
  }

  get encoding(): "utf-8" {
    return "utf-8";
  }

  get fatal(): boolean {
    return this.#fatal;
  }

  get ignoreBOM(): boolean {
    return this.#ignoreBOM;
  }

  decode(input?: ArrayBufferLike | ArrayBufferView, options?: { stream?: boolean }): string {
    let bytes = input === undefined ? new Uint8Array(0) : bytesOf(input);
    if (this.#held !== undefined) {
      const joined = new Uint8Array(this.#held.length + bytes.length);
      joined.set(this.#held);
      joined.set(bytes, this.#held.length);
      bytes = joined;
      this.#held = undefined;
    }
    const begun = this.#begun;
    this.#begun = false;
    if (options?.stream) {
      const held = unfinished(bytes);
      if (held > 0) {
        this.#held = bytes.slice(bytes.length - held);
        bytes = bytes.subarray(0, bytes.length - held);
      }
    }
    const text = bytes.length === 0 ? "" : decodeBytes(bytes);
    if (this.#fatal && text.includes(REPLACEMENT) && !same(encodeText(text), bytes)) {
      this.#held = undefined;
      throw Object.assign(new TypeError("The encoded data was not valid for encoding utf-8"), {
        code: "ERR_ENCODING_INVALID_ENCODED_DATA",
      });
    }
    if (options?.stream) this.#begun = begun || text !== "";
    return !begun && !this.#ignoreBOM && text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
  }

  get [Symbol.toStringTag](): string {
    return "TextDecoder";
  }
}

/** UTF-8 of a text without lone surrogates. */
export function encodeText(text: string): Uint8Array {
  return host.live ? host.encode(text) : encodeHere(text);
}

/** The text of bytes, U+FFFD where they are no UTF-8; a byte order mark stays. */
export function decodeBytes(bytes: Uint8Array): string {
  return host.live ? host.decode(bytes) : decodeHere(bytes);
}

/** Lone surrogates become U+FFFD. */
export function wellFormed(text: string): string {
  return (text as string & { toWellFormed(): string }).toWellFormed();
}

function bytesOf(input: ArrayBufferLike | ArrayBufferView): Uint8Array {
  if (input instanceof Uint8Array) return input;
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
  if (input instanceof ArrayBuffer || input instanceof SharedArrayBuffer) return new Uint8Array(input);
  throw new TypeError("TextDecoder.decode: the input is neither an ArrayBuffer nor a view of one");
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** How many bytes follow a first byte; 0 also for what is none. */
function following(first: number): number {
  if (first >= 0xc2 && first <= 0xdf) return 1;
  if (first >= 0xe0 && first <= 0xef) return 2;
  return first >= 0xf0 && first <= 0xf4 ? 3 : 0;
}

/** Whether a second byte may follow a first one: no overlong forms, no surrogates, nothing above U+10FFFF. */
function mayFollow(first: number, second: number): boolean {
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  return second >= low && second <= high;
}

/** How many bytes at the end are the beginning of a character. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    if (following(byte) < back) return 0;
    return back === 1 || mayFollow(byte, bytes[bytes.length - back + 1] as number) ? back : 0;
  }
  return 0;
}

function encodeHere(text: string): Uint8Array {
  const binary = unescape(encodeURIComponent(text));
  return Uint8Array.from(binary, (unit) => unit.charCodeAt(0));
}

/** As the encoding standard does it: the longest beginning of a character is one U+FFFD. */
function decodeHere(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length;) {
    const first = bytes[i++] as number;
    if (first < 0x80) {
      text += String.fromCharCode(first);
      continue;
    }
    const more = following(first);
    let left = more;
    let point = first & (0x3f >> more);
    while (left > 0 && i < bytes.length) {
      const byte = bytes[i] as number;
      if (left === more ? !mayFollow(first, byte) : (byte & 0xc0) !== 0x80) break;
      point = (point << 6) | (byte & 0x3f);
      left--;
      i++;
    }
    text += more > 0 && left === 0 ? String.fromCodePoint(point) : REPLACEMENT;
  }
  return text;
}
