// Which versions of the protocol meet.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { accepts, acceptsVersion, MIN_PROTOCOL_VERSION, PROTOCOL_VERSION } from "#brood/protocol/version.js";
import { runs } from "./arbitrary.js";

const test = suite("version");

test("a release accepts its own version and the one before, and no other", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: -5, max: 1005 }), (current, offered) => {
      assert.is(accepts(current, offered), offered >= 1 && (offered === current || offered === current - 1));
    }),
    runs(200),
  );
});

test("the first version accepts nothing before it", () => {
  assert.ok(accepts(1, 1));
  assert.not(accepts(1, 0));
  assert.ok(accepts(2, 1));
  assert.not(accepts(3, 1));
  assert.not(accepts(1, 2));
});

test("what is no whole number is not accepted", () => {
  for (const offered of [NaN, Infinity, -Infinity, 0.5, 1.5, "1", null, undefined, [1]] as number[])
    assert.not(accepts(2, offered));
});

test("this release accepts exactly the versions from the oldest to its own", () => {
  for (let version = 0; version <= PROTOCOL_VERSION + 2; version++) {
    assert.is(acceptsVersion(version), version >= MIN_PROTOCOL_VERSION && version <= PROTOCOL_VERSION);
  }
});

test.run();
