// structuredClone of a guest against that of Node.
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { structuredClone as guestClone } from "#brood/actor/guest/clone.js";
import { suite } from "../harness/law.js";

const law = suite("guest structuredClone");

const shared = { shared: true };
const cycle: Record<string, unknown> = { name: "cycle" };
cycle["self"] = cycle;
cycle["list"] = [cycle, new Map<unknown, unknown>([[cycle, new Set([cycle])]])];
const sparse: unknown[] & { extra?: number } = [1];
sparse[3] = 4;
sparse.extra = 5;

class Point {
  #hidden = 1;
  x = 1;
  get hidden(): number {
    return this.#hidden;
  }
}

const VALUES: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  "-0": () => -0,
  NaN: () => NaN,
  "a bigint": () => 10n ** 30n,
  "a text with a lone surrogate": () => "\ud800x",
  "boxed values": () => [Object(1), Object("text"), Object(false), Object(5n)],
  "a date": () => new Date(1e12),
  "a regular expression": () => Object.assign(/a\/b(?<x>c)/giu, { lastIndex: 3 }),
  "a shared object": () => ({ a: shared, b: [shared, shared] }),
  "a cycle": () => cycle,
  "a sparse list with a property": () => sparse,
  "a map and a set": () => [
    new Map<unknown, unknown>([
      ["a", 1],
      [{}, new Map()],
    ]),
    new Set([1, "x", null]),
  ],
  "an instance of a class": () => new Point(),
  "a key __proto__": () => JSON.parse('{"__proto__":{"x":1},"constructor":2}'),
  "an object without prototype": () => Object.assign(Object.create(null), { x: 1 }),
  "symbol keys, which are left out": () => ({ [Symbol("x")]: 1, y: 2 }),
  "hidden properties, which are left out": () => Object.defineProperty({ x: 1 }, "y", { value: 2 }),
  "a getter, which is read": () => ({
    get x() {
      return [1];
    },
  }),
  bytes: () => new Uint8Array([1, 2, 3]),
  "views of one buffer": () => {
    const buffer = new ArrayBuffer(16);
    return {
      buffer,
      views: [
        new Float64Array(buffer),
        new Uint16Array(buffer, 2, 3),
        new DataView(buffer, 4, 5),
        new BigInt64Array(buffer),
      ],
    };
  },
  "an error": () => new RangeError("text", { cause: new TypeError("cause") }),
  "an error of a name that nobody knows": () => Object.assign(new Error("x"), { name: "MyError", code: 5 }),
  "an error without a message": () => new Error(),
};

for (const [kind, make] of Object.entries(VALUES)) {
  law(`${kind} is cloned as in Node`, () => {
    const value = make();
    const [ours, theirs] = [guestClone(value), structuredClone(value)];
    assert.ok(isDeepStrictEqual(ours, theirs), kind);
    if (typeof value === "object" && value !== null) assert.is.not(ours, value);
    assert.is(Object.prototype.toString.call(ours), Object.prototype.toString.call(theirs));
  });
}

law("an invalid date stays one", () => assert.ok(Number.isNaN(guestClone(new Date(NaN)).getTime())));

law("an error keeps its stack, and its properties are hidden", () => {
  const error = new TypeError("text", { cause: 5 });
  const clone = guestClone(error);
  assert.ok(clone instanceof TypeError);
  assert.equal([clone.message, clone.stack, clone.cause], ["text", error.stack, 5]);
  assert.equal(Object.keys(clone), []);
});

const REFUSED: Record<string, () => unknown> = {
  "a function": () => ({ a: [() => 1] }),
  "a symbol": () => [Symbol("x")],
  "a boxed symbol": () => Object(Symbol("x")),
  "a promise": () => Promise.resolve(),
  "a WeakMap": () => new WeakMap(),
  "a WeakSet": () => new WeakSet(),
  "a WeakRef": () => new WeakRef({}),
};

for (const [kind, make] of Object.entries(REFUSED)) {
  law(`${kind} is a DataCloneError`, () => {
    for (const clone of [guestClone, structuredClone])
      assert.throws(
        () => clone(make()),
        (error: unknown) => error instanceof DOMException && error.name === "DataCloneError" && error.code === 25,
      );
  });
}

law("a value that is a million levels deep is cloned, and exhausts no stack", () => {
  let deep: unknown[] = [];
  for (let i = 0; i < 1_000_000; i++) deep = [deep];
  let clone = guestClone(deep);
  let levels = 0;
  for (; clone.length > 0; levels++) clone = clone[0] as unknown[];
  assert.is(levels, 1_000_000);
});

law("what is transferred must be buffers, each once", () => {
  const buffer = new ArrayBuffer(4);
  new Uint8Array(buffer).fill(7);
  const clone = guestClone({ buffer }, { transfer: [buffer] });
  assert.equal([...new Uint8Array(clone.buffer)], [7, 7, 7, 7]);
  if ("transfer" in ArrayBuffer.prototype) assert.is(buffer.byteLength, 0);
  for (const transfer of [[{}], [new Uint8Array(1)], [clone.buffer, clone.buffer]])
    assert.throws(
      () => guestClone({}, { transfer }),
      (error: Error) => error.name === "DataCloneError",
    );
});

law("without a value it is a TypeError", () =>
  assert.throws(() => Reflect.apply(guestClone, undefined, []), TypeError.name),
);

law("any value is cloned as in Node", () => {
  const anything = fc.anything({
    // Two dates that are none are not equal to isDeepStrictEqual.
    values: [
      fc.constantFrom(NaN, true, null, undefined),
      fc.double(),
      fc.integer(),
      fc.string(),
      fc.date({ noInvalidDate: true }),
    ],
    withBigInt: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withNullPrototype: true,
    withBoxedValues: true,
  });
  fc.assert(
    fc.property(anything, (value) => assert.ok(isDeepStrictEqual(guestClone(value), structuredClone(value)))),
    { numRuns: 1_000 },
  );
});

law.run();
