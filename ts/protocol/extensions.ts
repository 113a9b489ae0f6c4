// What msgpack has no form for, as extensions of our own. A receiver knows these and no others:
//
//  type  holds                        body
//  0x00  undefined                    fixext1 with one byte 0; msgpackr's own form, which is also that of other libraries
//  0x01  string                       UTF-16LE; only where UTF-8 would lose something, see `needsUtf16`
//  0x02  bigint beyond 64 bits        a byte for the sign (0 or 1), then the magnitude, big endian, without leading zeros
//  0x03  Date                         float64, big endian: milliseconds since 1970, NaN for an invalid date
//  0x04  ArrayBuffer                  its bytes
//  0x05  DataView                     its bytes
//  0x10  Int8Array                    its bytes, as in memory: little endian, as are all machines that Node runs on but s390x
//  0x11  Uint8ClampedArray            (a Uint8Array is msgpack's own `bin`)
//  0x12  Int16Array
//  0x13  Uint16Array
//  0x14  Int32Array
//  0x15  Uint32Array
//  0x16  Float32Array
//  0x17  Float64Array
//  0x18  BigInt64Array
//  0x19  BigUint64Array
//  0x1a  Float16Array                 refused where the runtime has none
//
// The next four are tags: fixext1 with one byte 0, and the value that follows the extension belongs to it.
//
//  0x20  Map                          array: key, value, key, value, ...
//  0x21  Set                          array of its members
//  0x22  object                       array: key, value, ...; only where a map of msgpack cannot hold a key, see `needsList`
//  0x23  Error                        map: an `ErrorValue`
//
// A bigint within 64 bits is msgpack's int64 or uint64, and every int64 or uint64 is a bigint: a number beyond 32 bits is a
// float64. NaN and the infinities are float64 by themselves; so is -0, of which msgpackr alone would make an integer 0.
import { addExtension } from "../vendor/msgpackr.js";
import { rebuildErrorValue } from "./error-value.js";

/** The numbers of the table above that other modules name. */
export const ExtensionType = {
  Undefined: 0x00,
  Utf16: 0x01,
  BigInt: 0x02,
  Date: 0x03,
  ArrayBuffer: 0x04,
  DataView: 0x05,
  FirstTyped: 0x10,
  LastTyped: 0x1a,
  Map: 0x20,
  Set: 0x21,
  Object: 0x22,
  Error: 0x23,
} as const;

type TypedArrayConstructor = { new (buffer: ArrayBuffer): ArrayBufferView; readonly BYTES_PER_ELEMENT: number };

// Read by name, since Float16Array is missing in Node before 24 and others may be in a guest.
const TYPED_NAMES = [
  "Int8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
] as const;

const TYPED: readonly (TypedArrayConstructor | undefined)[] = TYPED_NAMES.map(
  (name) => (globalThis as Record<string, unknown>)[name] as TypedArrayConstructor | undefined,
);

/** Extension type of a typed array by the name of its class; undefined for any other name. */
export function typedArrayType(name: string): number | undefined {
  const index = (TYPED_NAMES as readonly string[]).indexOf(name);
  return index < 0 ? undefined : ExtensionType.FirstTyped + index;
}

/** Bytes of one element of the typed array of extension `type`; undefined when this runtime has no such class. */
export function elementBytes(type: number): number | undefined {
  return TYPED[type - ExtensionType.FirstTyped]?.BYTES_PER_ELEMENT;
}

/** A value on its way into an extension: either its bytes, or (for a tag) the value that follows. */
export class Extension {
  constructor(
    readonly type: number,
    readonly bytes: Uint8Array | undefined,
    readonly body?: unknown,
  ) {}
}

/** -0, which `write` turns into a plain float64: msgpackr compares with ===, and takes it for the integer 0. */
export const NEGATIVE_ZERO = new Extension(-1, undefined);

const wellFormed: (text: string) => boolean =
  typeof (String.prototype as { isWellFormed?: unknown }).isWellFormed === "function"
    ? (text) => (text as unknown as { isWellFormed(): boolean }).isWellFormed()
    : (text) => !/\p{Surrogate}/u.test(text);

/**
 * Whether UTF-8 loses something of a text: lone surrogates have no UTF-8, and msgpackr's TextDecoder drops a byte order mark
 * at the beginning.
 */
export function needsUtf16(text: string): boolean {
  return text.charCodeAt(0) === 0xfeff || !wellFormed(text);
}

/** Whether an object with this key must travel as a list: msgpackr renames `__proto__`, and keys of maps are UTF-8. */
export function needsList(key: string): boolean {
  return key === "__proto__" || needsUtf16(key);
}

/** A text whose UTF-16 crosses. */
export function utf16(text: string): Extension {
  const bytes = new Uint8Array(2 * text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes[2 * i] = unit;
    bytes[2 * i + 1] = unit >>> 8;
  }
  return new Extension(ExtensionType.Utf16, bytes);
}

function readUtf16(bytes: Uint8Array): string {
  // fromCharCode takes its units as arguments, of which an engine takes some ten thousands at once.
  const STEP = 4096;
  let text = "";
  const units: number[] = [];
  for (let i = 0; i < bytes.length; i += 2) {
    units.push((bytes[i] as number) | ((bytes[i + 1] as number) << 8));
    if (units.length === STEP) {
      text += String.fromCharCode.apply(undefined, units);
      units.length = 0;
    }
  }
  return text + String.fromCharCode.apply(undefined, units);
}

/** Whether a bigint is within msgpack's int64 or uint64. */
export function fits64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value;
}

/** A bigint beyond 64 bits. msgpackr has a form of its own for these, of another number and slower. */
export function largeBigInt(value: bigint): Extension {
  const negative = value < 0n;
  let digits = (negative ? -value : value).toString(16);
  if (digits.length % 2 === 1) digits = `0${digits}`;
  const bytes = new Uint8Array(1 + digits.length / 2);
  bytes[0] = negative ? 1 : 0;
  for (let i = 1; i < bytes.length; i++) bytes[i] = (digit(digits, 2 * i - 2) << 4) | digit(digits, 2 * i - 1);
  return new Extension(ExtensionType.BigInt, bytes);
}

/** The value of a lower-case hexadecimal digit. */
function digit(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit < 0x3a ? unit - 0x30 : unit - 0x57;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function readBigInt(bytes: Uint8Array): bigint {
  const digits: string[] = [];
  for (let i = 1; i < bytes.length; i++) digits.push(HEX[bytes[i] as number] as string);
  const magnitude = BigInt(`0x${digits.join("")}`);
  return bytes[0] === 1 ? -magnitude : magnitude;
}

/** A Date, by its milliseconds. */
export function dateOf(milliseconds: number): Extension {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, milliseconds);
  return new Extension(ExtensionType.Date, bytes);
}

/** Memory of its own, aligned, with nothing else in it: never a view on what arrived. */
function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}

/** Sets an own property, also one called `__proto__`, without ever running a setter. */
function setOwn(target: object, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
  else (target as Record<string, unknown>)[key] = value;
}

function readMap(list: readonly unknown[]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  for (let i = 0; i < list.length; i += 2) map.set(list[i], list[i + 1]);
  return map;
}

function readObject(list: readonly unknown[]): object {
  const object = {};
  for (let i = 0; i < list.length; i += 2) setOwn(object, list[i] as string, list[i + 1]);
  return object;
}

type Allocate = (bytes: number) => { target: Uint8Array; targetView: DataView; position: number };

/** Writes an {@link Extension}; called by msgpackr, which hands us room in its buffer. */
function write(extension: Extension, allocate: Allocate, pack: (value: unknown) => void): void {
  const { type, bytes } = extension;
  if (extension === NEGATIVE_ZERO) {
    const { target, targetView, position } = allocate(9);
    target[position] = 0xcb;
    targetView.setFloat64(position + 1, -0);
    return;
  }
  if (bytes === undefined) {
    const { target, position } = allocate(3);
    target[position] = 0xd4;
    target[position + 1] = type;
    target[position + 2] = 0;
    pack(extension.body);
    return;
  }
  const { length } = bytes;
  if (length < 0x100) {
    const { target, position } = allocate(3 + length);
    target[position] = 0xc7;
    target[position + 1] = length;
    target[position + 2] = type;
    target.set(bytes, position + 3);
  } else {
    const { target, targetView, position } = allocate(6 + length);
    target[position] = 0xc9;
    targetView.setUint32(position + 1, length);
    target[position + 5] = type;
    target.set(bytes, position + 6);
  }
}

// The table of extensions belongs to the module msgpackr and not to a packer; ours is bundled into brood, so nobody else's
// packer sees these, and nobody else's extensions get in here. Registering a class makes it the first that is looked for.
const register = addExtension as (extension: object) => void;
register({ Class: Extension, type: ExtensionType.Utf16, pack: write, unpack: readUtf16 });
register({ type: ExtensionType.BigInt, unpack: readBigInt });
register({
  type: ExtensionType.Date,
  unpack: (bytes: Uint8Array) => new Date(new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0)),
});
register({ type: ExtensionType.ArrayBuffer, unpack: ownBuffer });
register({ type: ExtensionType.DataView, unpack: (bytes: Uint8Array) => new DataView(ownBuffer(bytes)) });
TYPED.forEach((Class, index) => {
  if (Class !== undefined)
    register({ type: ExtensionType.FirstTyped + index, unpack: (bytes: Uint8Array) => new Class(ownBuffer(bytes)) });
});
// `read` instead of `unpack` is how msgpackr knows a tag.
register({ type: ExtensionType.Map, read: readMap });
register({ type: ExtensionType.Set, read: (list: readonly unknown[]) => new Set(list) });
register({ type: ExtensionType.Object, read: readObject });
register({ type: ExtensionType.Error, read: rebuildErrorValue });
