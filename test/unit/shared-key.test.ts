// When two keys are the same.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { InvalidOption } from "brood";
import { isDeepStrictEqual } from "node:util";
import { Keys } from "#brood/nursery/shared-key.js";
import { suite } from "../harness/law.js";

const law = suite("shared key");

const data = fc.letrec((tie) => ({
  value: fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.integer({ min: -2, max: 2 }),
    fc.boolean(),
    fc.constantFrom(null, undefined, NaN, 1n, "1", "null", "#1", "[1]"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { maxKeys: 3 }),
  ),
})).value;

law("equal data is one key, whatever the order of its members, and different data are two", () => {
  fc.assert(
    fc.property(data, data, (a, b) => {
      const keys = new Keys();
      const same = isDeepStrictEqual(normal(a), normal(b));
      assert.is(keys.nameOf(a) === keys.nameOf(b), same);
    }),
    { numRuns: 2_000 },
  );
});

/** Without what is no matter of data: prototypes. */
function normal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, normal(one)]));
}

law("what is no data is the same as itself only", () => {
  const keys = new Keys();
  const make: (() => unknown)[] = [() => new Map(), () => () => {}, () => Symbol("x"), () => new Date(0)];
  for (const one of make) {
    const [a, b] = [one(), one()];
    assert.is(keys.nameOf(a), keys.nameOf(a));
    assert.is.not(keys.nameOf(a), keys.nameOf(b));
    assert.is(keys.nameOf(["list", a]), keys.nameOf(["list", a]));
  }
});

law("a key that contains itself is refused", () => {
  const key: unknown[] = [];
  key.push(key);
  assert.throws(
    () => new Keys().nameOf(key),
    (error: unknown) => error instanceof InvalidOption,
  );
});

law.run();
