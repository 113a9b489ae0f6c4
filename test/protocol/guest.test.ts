// The protocol in a runtime without Buffer, as in a guest.
// oxlint-disable-next-line import/no-unassigned-import -- it is there for its effect
import "./without-buffer.js";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Flag, HEADER_BYTES } from "#brood/protocol/frame.js";
import { decodeValue, encodeJson, encodeValue } from "#brood/protocol/payload.js";
import { anyJson, anyValue, runs, same } from "./arbitrary.js";
import { crossing } from "./values.table.js";

const test = suite("guest");

test("there is no Buffer here", () => {
  assert.is(typeof Buffer, "undefined");
});

test("any value arrives as it was sent", () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const message = encodeValue(value, "value", HEADER_BYTES);
      assert.is(message.constructor, Uint8Array);
      assert.ok(same(decodeValue(message.subarray(HEADER_BYTES)), value));
    }),
    runs(500),
  );
});

test("any plain JSON arrives as it was sent", () => {
  fc.assert(
    fc.property(anyJson, (value) =>
      assert.ok(same(decodeValue(encodeJson(value, "value") as Uint8Array, Flag.Json), value)),
    ),
    runs(200),
  );
});

for (const row of crossing.filter(({ needs }) => needs === undefined || needs in globalThis)) {
  test(`${row.kind} arrives as ${row.as}`, () => {
    assert.ok(row.arrives(decodeValue(encodeValue(row.make(), "args[0]"))));
  });
}

test("texts of every length arrive", () => {
  for (const length of [0, 10, 63, 64, 65, 255, 256, 5000, 70_000, 2_000_000]) {
    for (const unit of ["x", "é", "\u{1f41d}"])
      assert.is(decodeValue(encodeValue(unit.repeat(length), "value")), unit.repeat(length));
  }
});

test.run();
