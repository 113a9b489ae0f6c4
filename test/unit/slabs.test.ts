// Memory for bytes on their way out.
import assert from "node:assert/strict";
import { borrow, giveBack } from "#brood/protocol/slabs.js";
import { suite } from "../harness/law.js";

const law = suite("slabs");

const LENGTH = 40_000;
const taken = (length = LENGTH): Uint8Array => borrow(length) ?? assert.fail(`nothing of ${length} bytes`);

law("what was given back is used again, whatever the length, and nothing is lent twice at a time", () => {
  const first = taken();
  const second = taken();
  assert.notEqual(first.buffer, second.buffer);
  giveBack(first);
  const third = taken(20_000);
  assert.equal(third.buffer, first.buffer);
  assert.equal(third.length, 20_000);
  assert.notEqual(taken().buffer, third.buffer);
});

law("giving back twice gives back once, and what nobody lent is left alone", () => {
  const one = taken();
  giveBack(one);
  giveBack(one);
  assert.equal(taken().buffer, one.buffer);
  assert.notEqual(taken().buffer, one.buffer);
  const own = new Uint8Array(64 * 1024);
  giveBack(own);
  assert.notEqual(taken().buffer, own.buffer);
});

law("it has memory for one frame of much, and for nothing else", () => {
  for (const length of [0, 1, 16 * 1024 - 1, 64 * 1024 + 1, 1_000_000]) assert.equal(borrow(length), undefined);
  for (const length of [16 * 1024, 64 * 1024]) assert.equal(taken(length).length, length);
});

law("of a thousand that were lent at once it keeps sixteen", () => {
  const all = Array.from({ length: 1_000 }, () => taken());
  for (const one of all) giveBack(one);
  const known = new Set(all.map(({ buffer }) => buffer));
  const again = Array.from({ length: 100 }, () => taken().buffer);
  assert.equal(again.filter((buffer) => known.has(buffer)).length, 16);
});

law.run();
