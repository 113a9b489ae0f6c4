// Generators for the laws of the protocol: values of every kind that crosses, and how many runs a law is given.
import fc from "fast-check";

/** Runs of a property: few by default, many with BROOD_FULL. */
export const runs = (few: number): { numRuns: number } => ({ numRuns: process.env["BROOD_FULL"] ? 20 * few : few });

const text: fc.Arbitrary<string> = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.array(fc.integer({ min: 0xd700, max: 0xe010 }), { maxLength: 5 }).map((units) => String.fromCharCode(...units)),
  fc.string({ unit: "binary", minLength: 60, maxLength: 300 }).map((tail) => `\ufeff${tail}`),
  fc.string({ minLength: 30, maxLength: 300 }),
);

const key: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: text },
  fc.constantFrom("__proto__", "constructor", "toJSON", "hasOwnProperty", "length", "0"),
);

const bytes = fc.uint8Array({ maxLength: 300 });

const views: fc.Arbitrary<unknown> = fc.oneof(
  bytes,
  bytes.map((b) => b.subarray(Math.min(1, b.length))),
  bytes.map((b) => b.slice().buffer),
  bytes.map((b) => new DataView(b.slice().buffer)),
  fc.int8Array(),
  fc.uint8ClampedArray(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
);

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    true,
    false,
    0,
    -0,
    NaN,
    Infinity,
    -Infinity,
    2 ** 53,
    -(2 ** 53),
    2 ** 63,
    2 ** 32,
    2 ** 31,
    -(2 ** 31),
    -129,
    127,
    128,
    255,
    256,
    65535,
    65536,
    2n ** 63n,
    -(2n ** 63n),
    -(2n ** 63n) - 1n,
    2n ** 64n,
    2n ** 64n - 1n,
  ),
  fc.integer(),
  fc.double(),
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }),
  text,
  views,
  fc.date({ noInvalidDate: false }),
);

/** An object with exactly these own keys, whatever they are called. */
export function objectOf(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries);
}

/** Any value that crosses, errors apart. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => {
  const value = tie("value");
  const few = { maxLength: 6 };
  return {
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.array(value, few),
      fc.array(fc.tuple(key, value), few).map(objectOf),
      fc.array(fc.tuple(value, value), few).map((entries) => new Map(entries)),
      fc.array(value, few).map((members) => new Set(members)),
    ),
  };
}).value;

/** Any value that JSON carries. */
export const anyJson: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.oneof(
      text,
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
      fc.boolean(),
      fc.constant(null),
    ),
    fc.array(tie("value"), { maxLength: 6 }),
    fc
      .array(
        fc.tuple(
          key.filter((k) => k !== "toJSON"),
          tie("value"),
        ),
        { maxLength: 6 },
      )
      .map(objectOf),
  ),
})).value;

/** Cuts of `length` bytes at random places, as an ascending list of ends. */
export const cuts = (length: number): fc.Arbitrary<number[]> =>
  fc
    .array(fc.integer({ min: 0, max: length }), { maxLength: 20 })
    .map((ends) => [...ends.sort((a, b) => a - b), length]);

/** Whether two values are the same in every respect that crosses: kinds, order, -0, prototypes. */
export function same(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return Object.is(a, b);
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
  if (a instanceof Map) return same([...a], [...(b as Map<unknown, unknown>)]);
  if (a instanceof Set) return same([...a], [...(b as Set<unknown>)]);
  if (a instanceof ArrayBuffer) return sameBytes(new Uint8Array(a), new Uint8Array(b as ArrayBuffer));
  if (ArrayBuffer.isView(a)) return sameBytes(bytesOf(a), bytesOf(b as ArrayBufferView));
  const keys = Object.keys(a);
  const others = Object.keys(b);
  return (
    keys.length === others.length && keys.every((name, i) => name === others[i] && same(own(a, name), own(b, name)))
  );
}

const own = (from: object, name: string): unknown => Object.getOwnPropertyDescriptor(from, name)?.value as unknown;
const bytesOf = (view: ArrayBufferView): Uint8Array => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
