// The table of values holds, and the page about values is made of it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as vm from "node:vm";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeStart, encodeStart, encodeStartJson } from "#brood/protocol/bodies.js";
import { decodeValue, encodeJson, encodeValue } from "#brood/protocol/payload.js";
import { Flag } from "#brood/protocol/frame.js";
import { ROOT } from "../harness/checkout.js";
import { refusal } from "./refusal.js";
import { crossing, document, refused } from "./values.table.js";

const test = suite("values");

const exists = ({ needs }: { needs?: string }): boolean => needs === undefined || needs in globalThis;

for (const row of crossing.filter(exists)) {
  test(`${row.kind} arrives as ${row.as}`, () => {
    const bytes = encodeValue(row.make(), "args[0]");
    assert.ok(row.arrives(decodeValue(bytes)), "as msgpack");
    assert.ok(
      row.arrives(decodeStart(encodeStart({ endpoint: "e", open: false, args: [row.make()] })).args[0]),
      "as an argument",
    );
    const json = encodeJson(row.make(), "args[0]");
    assert.is(json !== undefined, row.json === true, "is plain JSON");
    if (json !== undefined) assert.ok(row.arrives(decodeValue(json, Flag.Json)), "as JSON");
  });
}

for (const row of refused.filter(exists)) {
  test(`${row.kind} is refused: ${row.refused}`, () => {
    const encoders: ((value: unknown) => unknown)[] = [
      (value) => encodeValue(value, "args[0]"),
      (value) => encodeJson(value, "args[0]"),
      (value) => encodeStart({ endpoint: "e", open: false, args: [value] }),
      (value) => encodeStartJson({ endpoint: "e", open: false, args: [value] }),
    ];
    for (const encode of encoders) {
      const error = refusal(() => encode(row.make()));
      assert.is(error.why, row.refused);
      const at = `args[0]${row.at}`;
      assert.is(error.at, at.length <= 400 ? at : `${at.slice(0, 200)}...${at.slice(-200)}`);
    }
  });
}

test("a refusal reads path, fault", () => {
  const error = refusal(() => encodeValue([{ items: [1, 2, 3, () => 1] }], "args"));
  assert.is(error.message, "invalid message: args[0].items[3]: a function cannot be sent.");
});

test("a key that is no identifier is quoted in the path", () => {
  assert.is(refusal(() => encodeValue({ "a b": { $c: [Symbol("s")] } }, "result")).at, 'result["a b"].$c[0]');
});

test("values of another realm cross as what they are there", () => {
  const foreign = vm.runInNewContext(
    "({ list: [1], object: { a: 1 }, map: new Map([[1, 2]]), bytes: new Uint8Array([7]), date: new Date(5), error: new TypeError('t'), f32: new Float32Array(1) })",
  ) as unknown;
  const value = decodeValue(encodeValue(foreign, "args")) as Record<string, unknown>;
  assert.equal(value["list"], [1]);
  assert.equal(value["object"], { a: 1 });
  assert.equal(value["map"], new Map([[1, 2]]));
  assert.equal(value["bytes"], Uint8Array.of(7));
  assert.equal(value["date"], new Date(5));
  assert.ok(value["error"] instanceof TypeError);
  assert.equal(value["f32"], new Float32Array(1));
  assert.is(
    refusal(() => encodeValue(vm.runInNewContext("new (class A { x = 1 })") as unknown, "args")).why,
    "an instance of class A cannot be sent",
  );
});

test("docs/values.md is what the table says", () => {
  const file = join(ROOT, "docs", "values.md");
  if (process.env["BROOD_WRITE_DOCS"] === "1") writeFileSync(file, document());
  assert.is(readFileSync(file, "utf8"), document());
});

test.run();
