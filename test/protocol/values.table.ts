// Every kind of JavaScript value, and what becomes of it on its way to an actor or back. docs/values.md is made of this
// table, and the same rows are sent to real actors by the conformance suite.

interface Row {
  /** As it stands in the documentation. */
  readonly kind: string;
  /** A fresh value of that kind. */
  make(): unknown;
  /** Name of a global without which the kind does not exist here. */
  readonly needs?: string;
}

/** A kind that crosses. */
export interface Crossing extends Row {
  /** What it arrives as, in words. */
  readonly as: string;
  /** Whether `value` is what `make()` must arrive as. */
  arrives(value: unknown): boolean;
  /** Plain JSON: such values go to guests as JSON text. */
  readonly json?: true;
}

/** A kind that is refused at the sender. */
export interface Refused extends Row {
  /** `why` of the InvalidMessage. */
  readonly refused: string;
  /** Where in what `make` gives the fault is, as ".items[3]"; "" for the value itself. */
  readonly at: string;
}

export type ValueRow = Crossing | Refused;

type Has = Record<string, unknown>;

const isPlain = (value: unknown): value is Has =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
const is =
  (expected: unknown) =>
  (value: unknown): boolean =>
    Object.is(value, expected);
const holds = (
  value: unknown,
  Class: new (buffer: ArrayBuffer) => ArrayBufferView,
  bytes: readonly number[],
): boolean =>
  value instanceof Class &&
  Object.getPrototypeOf(value) === Class.prototype &&
  value.byteLength === bytes.length &&
  value.buffer.byteLength === bytes.length &&
  new Uint8Array(value.buffer).every((byte, i) => byte === bytes[i]);

function deep(levels: number): unknown {
  let value: unknown = [];
  for (let i = 1; i < levels; i++) value = [value];
  return value;
}

/** Sets and Maps in turn, a Set outermost. */
function tagged(levels: number): unknown {
  let value: unknown;
  for (let i = levels - 1; i >= 0; i--) {
    const inner = value === undefined ? [] : [value];
    value = i % 2 === 0 ? new Set(inner) : new Map(inner.map((one) => [1, one]));
  }
  return value;
}

/** How deep such a value is. */
function taggedDepth(value: unknown): number {
  let levels = 0;
  for (let at = value; at instanceof Set || at instanceof Map; levels++)
    at = at instanceof Set === (levels % 2 === 0) ? [...at.values()][0] : undefined;
  return levels;
}

class Point {
  x = 1;
  length(): number {
    return this.x;
  }
}
class Registry extends Map<string, number> {}
class TooHot extends Error {
  override readonly name = "TooHot";
  readonly degrees = 451;
}

const shared = { a: 1 };

export const crossing: readonly Crossing[] = [
  { kind: "`undefined`", make: () => undefined, as: "`undefined`", arrives: is(undefined) },
  { kind: "`null`", make: () => null, as: "`null`", arrives: is(null), json: true },
  { kind: "`true`, `false`", make: () => true, as: "itself", arrives: is(true), json: true },
  { kind: "number", make: () => 0.1, as: "itself", arrives: is(0.1), json: true },
  { kind: "`-0`", make: () => -0, as: "`-0`", arrives: is(-0) },
  { kind: "`NaN`", make: () => NaN, as: "`NaN`", arrives: is(NaN) },
  { kind: "`Infinity`, `-Infinity`", make: () => -Infinity, as: "itself", arrives: is(-Infinity) },
  { kind: "integer beyond 2^53", make: () => 2 ** 63, as: "the same number", arrives: is(2 ** 63), json: true },
  { kind: "bigint", make: () => -5n, as: "itself", arrives: is(-5n) },
  { kind: "bigint beyond 64 bits", make: () => 2n ** 200n, as: "itself", arrives: is(2n ** 200n) },
  { kind: "string", make: () => "grüße \u{1f41d}", as: "itself", arrives: is("grüße \u{1f41d}"), json: true },
  { kind: "string with lone surrogates", make: () => "a\ud800", as: "itself", arrives: is("a\ud800"), json: true },
  {
    kind: "array",
    make: () => [1, ["two"], null],
    as: "an array of equal values",
    arrives: (v) =>
      Array.isArray(v) && v.length === 3 && v[0] === 1 && (v[1] as unknown[])[0] === "two" && v[2] === null,
    json: true,
  },
  {
    kind: "array with holes",
    // eslint-disable-next-line no-sparse-arrays -- holes are what is tested
    make: () => [, 1],
    as: "an array with `undefined` for each hole",
    arrives: (v) => Array.isArray(v) && v.length === 2 && 0 in v && v[0] === undefined && v[1] === 1,
  },
  {
    kind: "array with named properties",
    make: () => Object.assign([1], { named: 2 }),
    as: "an array; the named properties are left behind",
    arrives: (v) => Array.isArray(v) && v[0] === 1 && !("named" in v),
    json: true,
  },
  {
    kind: "plain object",
    make: () => ({ a: 1, "b c": { d: "e" } }),
    as: "a plain object with equal values, in the same order",
    arrives: (v) => isPlain(v) && Object.keys(v).join() === "a,b c" && v["a"] === 1 && (v["b c"] as Has)["d"] === "e",
    json: true,
  },
  {
    kind: "plain object with a value `undefined`",
    make: () => ({ a: undefined }),
    as: "the same: the key is there",
    arrives: (v) => isPlain(v) && "a" in v && v["a"] === undefined,
  },
  {
    kind: "object without a prototype",
    make: () => Object.assign(Object.create(null) as object, { a: 1 }),
    as: "a plain object",
    arrives: (v) => isPlain(v) && v["a"] === 1,
    json: true,
  },
  {
    kind: "object with an own key `__proto__`",
    make: () => JSON.parse('{"__proto__":{"polluted":true},"a":1}') as unknown,
    as: "a plain object with an own key `__proto__`",
    arrives: (v) =>
      isPlain(v) &&
      Object.hasOwn(v, "__proto__") &&
      (Object.getOwnPropertyDescriptor(v, "__proto__") as { value: Has }).value["polluted"] === true &&
      v["polluted"] === undefined &&
      v["a"] === 1,
    json: true,
  },
  {
    kind: "object with non-enumerable properties",
    make: () => Object.defineProperty({ a: 1 }, "hidden", { value: () => 1 }),
    as: "a plain object without them",
    arrives: (v) => isPlain(v) && v["a"] === 1 && !("hidden" in v),
    json: true,
  },
  {
    kind: "frozen or sealed object",
    make: () => Object.freeze({ a: 1 }),
    as: "a plain object that is neither",
    arrives: (v) => isPlain(v) && v["a"] === 1 && !Object.isFrozen(v),
    json: true,
  },
  {
    kind: "object that is met twice",
    make: () => [shared, shared],
    as: "a copy for each time",
    arrives: (v) => Array.isArray(v) && v[0] !== v[1] && (v[0] as Has)["a"] === 1 && (v[1] as Has)["a"] === 1,
    json: true,
  },
  {
    kind: "value nested 1,000 levels deep",
    make: () => deep(1000),
    as: "an equal value",
    arrives: (v) => JSON.stringify(v) === JSON.stringify(deep(1000)),
    json: true,
  },
  {
    kind: "Maps, Sets and errors, 100 of them inside each other",
    make: () => tagged(100),
    as: "an equal value",
    arrives: (v) => taggedDepth(v) === 100,
  },
  {
    kind: "`Uint8Array`",
    make: () => Uint8Array.of(1, 2),
    as: "a `Uint8Array` of its own memory",
    arrives: (v) => holds(v, Uint8Array, [1, 2]),
  },
  {
    kind: "`Buffer`",
    make: () => globalThis.Buffer.from([1, 2]),
    as: "a `Uint8Array`",
    needs: "Buffer",
    arrives: (v) => holds(v, Uint8Array, [1, 2]),
  },
  {
    kind: "view on a part of a buffer",
    make: () => Uint8Array.of(1, 2, 3, 4).subarray(1, 3),
    as: "its own bytes; nothing else of the buffer",
    arrives: (v) => holds(v, Uint8Array, [2, 3]),
  },
  {
    kind: "`Int8Array`, `Uint8ClampedArray`",
    make: () => [Int8Array.of(-1), Uint8ClampedArray.of(255)],
    as: "the same kind",
    arrives: (v) => Array.isArray(v) && holds(v[0], Int8Array, [255]) && holds(v[1], Uint8ClampedArray, [255]),
  },
  {
    kind: "`Int16Array`, `Uint16Array`",
    make: () => [Int16Array.of(-2), Uint16Array.of(0x102)],
    as: "the same kind",
    arrives: (v) => Array.isArray(v) && holds(v[0], Int16Array, [254, 255]) && holds(v[1], Uint16Array, [2, 1]),
  },
  {
    kind: "`Int32Array`, `Uint32Array`",
    make: () => [Int32Array.of(1), Uint32Array.of(2)],
    as: "the same kind",
    arrives: (v) => Array.isArray(v) && holds(v[0], Int32Array, [1, 0, 0, 0]) && holds(v[1], Uint32Array, [2, 0, 0, 0]),
  },
  {
    kind: "`Float32Array`, `Float64Array`",
    make: () => [Float32Array.of(1), Float64Array.of(-0)],
    as: "the same kind",
    arrives: (v) =>
      Array.isArray(v) &&
      holds(v[0], Float32Array, [0, 0, 128, 63]) &&
      holds(v[1], Float64Array, [0, 0, 0, 0, 0, 0, 0, 128]),
  },
  {
    kind: "`BigInt64Array`, `BigUint64Array`",
    make: () => [BigInt64Array.of(-1n), BigUint64Array.of(3n)],
    as: "the same kind",
    arrives: (v) =>
      Array.isArray(v) &&
      holds(v[0], BigInt64Array, [255, 255, 255, 255, 255, 255, 255, 255]) &&
      holds(v[1], BigUint64Array, [3, 0, 0, 0, 0, 0, 0, 0]),
  },
  {
    kind: "`Float16Array`",
    needs: "Float16Array",
    make: () => new (globalThis as unknown as { Float16Array: new (of: number[]) => unknown }).Float16Array([1]),
    as: "the same kind, where the receiver has it",
    arrives: (v) => holds(v, (globalThis as unknown as { Float16Array: typeof Uint16Array }).Float16Array, [0, 60]),
  },
  {
    kind: "`ArrayBuffer`",
    make: () => Uint8Array.of(1, 2, 3).buffer,
    as: "an `ArrayBuffer` with the same bytes; the sender keeps its own",
    arrives: (v) => v instanceof ArrayBuffer && new Uint8Array(v).join() === "1,2,3",
  },
  {
    kind: "`DataView`",
    make: () => new DataView(Uint8Array.of(1, 2, 3).buffer, 1),
    as: "a `DataView` on its own bytes",
    arrives: (v) => holds(v, DataView, [2, 3]),
  },
  {
    kind: "`Date`",
    make: () => new Date(86_400_000.5),
    as: "a `Date` of the same time",
    arrives: (v) => v instanceof Date && v.getTime() === 86_400_000,
  },
  {
    kind: "invalid `Date`",
    make: () => new Date(NaN),
    as: "an invalid `Date`",
    arrives: (v) => v instanceof Date && Number.isNaN(v.getTime()),
  },
  {
    kind: "`Map`",
    make: () =>
      new Map<unknown, unknown>([
        ["a", 1],
        [{ b: 2 }, new Map()],
      ]),
    as: "a `Map` in the same order; keys and values may be anything that crosses",
    arrives: (v) => {
      const entries = v instanceof Map ? [...v.entries()] : [];
      return (
        entries.length === 2 &&
        (v as Map<unknown, unknown>).get("a") === 1 &&
        isPlain(entries[1]?.[0]) &&
        entries[1]?.[1] instanceof Map
      );
    },
  },
  {
    kind: "`Set`",
    make: () => new Set([NaN, "a", undefined]),
    as: "a `Set` in the same order",
    arrives: (v) => v instanceof Set && v.size === 3 && v.has(NaN) && v.has("a") && v.has(undefined),
  },
  {
    kind: "`Error` and the built-in classes below it",
    make: () => Object.assign(new RangeError("far out", { cause: "why" }), { code: "E_FAR", tries: 3 }),
    as: "an error of the same class with `message`, `stack`, `cause`, `code` and its own enumerable properties; those that cannot be sent are left behind",
    arrives: (v) => {
      const error = v as RangeError & Has;
      return (
        v instanceof RangeError &&
        error.message === "far out" &&
        error.cause === "why" &&
        error["code"] === "E_FAR" &&
        error["tries"] === 3 &&
        typeof error.stack === "string" &&
        error.stack.includes("far out")
      );
    },
  },
  {
    kind: "`AggregateError`",
    make: () => new AggregateError([new TypeError("one"), "two"], "both"),
    as: "an `AggregateError` with all its members, in order",
    arrives: (v) =>
      v instanceof AggregateError &&
      v.message === "both" &&
      v.errors.length === 2 &&
      (v.errors[0] as Error) instanceof TypeError &&
      (v.errors[0] as Error).message === "one" &&
      v.errors[1] === "two",
  },
  {
    kind: "error of a class of your own, `DOMException`",
    make: () => new TooHot("hot"),
    as: "an `Error` with that `name` and its own enumerable properties",
    arrives: (v) =>
      Object.getPrototypeOf(v) === Error.prototype &&
      (v as Error).name === "TooHot" &&
      (v as Error).message === "hot" &&
      (v as Error & Has)["degrees"] === 451,
  },
  {
    kind: "proxy",
    make: () => new Proxy({ a: 1 }, {}),
    as: "what it shows of itself",
    arrives: (v) => isPlain(v) && v["a"] === 1,
    json: true,
  },
];

export const refused: readonly Refused[] = [
  { kind: "function, class", make: () => () => 1, refused: "a function cannot be sent", at: "" },
  {
    kind: "anything refused, within a value",
    make: () => ({ items: [1, 2, 3, () => 1] }),
    refused: "a function cannot be sent",
    at: ".items[3]",
  },
  {
    kind: "value of a `Map`",
    make: () => new Map([["k", Symbol("s")]]),
    refused: "a symbol cannot be sent",
    at: '.get("k")',
  },
  {
    kind: "key of a `Map`",
    make: () => new Map([[Symbol("s"), 1]]),
    refused: "a symbol cannot be sent",
    at: ".entries[0].key",
  },
  {
    kind: "member of a `Set`",
    make: () => new Set([1, () => 1]),
    refused: "a function cannot be sent",
    at: ".values[1]",
  },
  { kind: "symbol", make: () => Symbol("s"), refused: "a symbol cannot be sent", at: "" },
  { kind: "promise", make: () => Promise.resolve(1), refused: "a promise cannot be sent; await it first", at: "" },
  {
    kind: "`WeakMap`, `WeakSet`, `WeakRef`",
    make: () => new WeakMap(),
    refused: "an instance of class WeakMap cannot be sent",
    at: "",
  },
  {
    kind: "instance of a class",
    make: () => new Point(),
    refused: "an instance of class Point cannot be sent",
    at: "",
  },
  {
    kind: "`RegExp`, `URL`, generators, iterators, streams, `Intl` objects",
    make: () => /x/,
    refused: "an instance of class RegExp cannot be sent",
    at: "",
  },
  {
    kind: "instance of a class below a built-in one, errors apart",
    make: () => new Registry(),
    refused: "an instance of class Registry cannot be sent",
    at: "",
  },
  {
    kind: "boxed `Number`, `String`, `Boolean`",
    make: () => Object(1),
    refused: "an instance of class Number cannot be sent",
    at: "",
  },
  {
    kind: "object with a prototype of its own",
    make: () => Object.create({ a: 1 }),
    refused: "an object with a prototype of its own cannot be sent",
    at: "",
  },
  {
    kind: "object with an accessor",
    make: () => ({
      get a(): number {
        throw new Error("a getter ran");
      },
    }),
    refused: "an accessor cannot be sent",
    at: ".a",
  },
  {
    kind: "object with a symbol for a key",
    make: () => ({ [Symbol("s")]: 1 }),
    refused: "an object with a symbol for a key cannot be sent: Symbol(s)",
    at: "",
  },
  {
    kind: "cycle",
    make: () => {
      const parent: Has = { child: {} };
      (parent["child"] as Has)["parent"] = parent;
      return parent;
    },
    refused: "a cycle cannot be sent",
    at: ".child.parent",
  },
  {
    kind: "`SharedArrayBuffer`",
    make: () => new SharedArrayBuffer(8),
    refused: "a SharedArrayBuffer cannot be sent",
    at: "",
  },
  {
    kind: "view on a `SharedArrayBuffer`",
    make: () => new Int32Array(new SharedArrayBuffer(8)),
    refused: "a view on a SharedArrayBuffer cannot be sent",
    at: "",
  },
  {
    kind: "detached `ArrayBuffer`, or a view on one",
    make: () => {
      const bytes = new Uint8Array(8);
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      return bytes;
    },
    refused: "a detached ArrayBuffer cannot be sent",
    at: "",
  },
  {
    kind: "proxy whose traps throw",
    make: () =>
      new Proxy(
        {},
        {
          ownKeys(): never {
            throw new Error("no");
          },
        },
      ),
    refused: "a value whose inspection fails cannot be sent: no",
    at: "",
  },
  {
    kind: "value nested more than 1,000 levels deep",
    make: () => deep(1001),
    refused: "a value nested more than 1000 levels deep cannot be sent",
    at: `${"[0]".repeat(1000)}`,
  },
  {
    kind: "more than 100 Maps, Sets and errors inside each other",
    make: () => tagged(101),
    refused: "a value nested more than 1000 levels deep cannot be sent, where a Map, a Set or an error counts as 10",
    at: `${".values[0].get(1)".repeat(50)}`,
  },
  {
    kind: "more than 1,000,000 values in one, an object that is met twice counted twice",
    make: () => Array.from({ length: 1001 }, () => new Array(1000).fill(0)),
    refused: "more than 1000000 values cannot be sent at once",
    at: "[999]",
  },
  {
    kind: "more than 64 MiB in one",
    make: () => "x".repeat(64 * 1024 * 1024 + 1),
    refused: "a message of more than 67108864 bytes cannot be sent",
    at: "",
  },
];

/** All rows whose kind exists in this runtime. */
export const rows: readonly ValueRow[] = [...crossing, ...refused].filter(
  ({ needs }) => needs === undefined || needs in globalThis,
);

/** docs/values.md. */
export function document(): string {
  const crosses = crossing.map(({ kind, as, json }) => `| ${kind} | ${as} | ${json ? "yes" : ""} |`);
  const refusals = refused.map(
    ({ kind, refused: why, at }) =>
      `| ${kind} | \`args[0]${at.length > 60 ? `${/^(?:[.[][^.[]*){2}/.exec(at)?.[0]}...` : at}: ${why}\` |`,
  );
  return `# Values

What an actor is given, what it answers, and every message of a stream is copied. The rules are the same for every spawn
method and in both directions. This page is made of \`test/protocol/values.table.ts\`, which the tests send to actors of every
kind: \`BROOD_WRITE_DOCS=1 node build/test/protocol/values.test.js\` writes it anew.

## What crosses

| value | arrives as | plain JSON |
|---|---|---|
${crosses.join("\n")}

What arrives shares nothing with what was sent: it can be changed without an effect on the other side. Values that are plain
JSON through and through may travel as JSON text, all others travel as msgpack; that makes no difference to what arrives.

An error leaves behind what cannot be sent of it, instead of being refused: of its text more than 65,536 characters each, of
its causes more than 16 below each other, and properties with values that are refused elsewhere. An error that an endpoint
*throws* is another matter: it arrives as a \`RemoteActorError\`.

## What is refused

A value that cannot be sent is refused where it is sent, with an \`InvalidMessage\` (\`ERR_BROOD_INVALID_MESSAGE\`), and nothing
was sent then. Its field \`at\` says where in the value the fault is, \`why\` says what it is:

| value | text |
|---|---|
${refusals.join("\n")}

The value is called \`args\` in a call, \`result\` where an endpoint answers, \`started\` and \`message\` in a context. An object made
in another realm (\`node:vm\`) counts as what it is there.

An accessor in place of an element of an array is not looked for: it is read like any other element.
`;
}
