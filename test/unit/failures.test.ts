// The failures of a nursery: all of them, each once, in start order.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { combine, Failures } from "#brood/nursery/failures.js";
import { suite } from "../harness/law.js";

const law = suite("failures");

law("there are none at first, and none is undefined", () => {
  const failures = new Failures();
  assert.is(failures.size, 0);
  assert.equal(failures.errors, []);
  assert.is(combine("n", []), undefined);
});

law("one error is bare", () => {
  const error = new Error("one");
  assert.is(combine("n", [error]), error);
});

law("several are an AggregateError that names the nursery and counts them", () => {
  const errors = [new Error("one"), new Error("two")];
  const combined = combine("crew", errors);
  assert.instance(combined, AggregateError);
  assert.equal((combined as AggregateError).errors, errors);
  assert.is((combined as AggregateError).message, "nursery crew failed 2 times");
});

law("errors stand in the start order of their actors, and within one actor in the order in which they came", () => {
  const failures = new Failures();
  const errors = ["third", "first", "second", "first again"].map((message) => new Error(message));
  [2, 0, 1, 0].forEach((order, at) => failures.add(order, errors[at] as Error));
  assert.equal(
    failures.errors.map(({ message }) => message),
    ["first", "first again", "second", "third"],
  );
});

law("whatever comes in whatever order, every error is there once, sorted by its actor and stable", () => {
  const entries = fc.array(fc.record({ order: fc.nat(5), which: fc.nat(8) }), { maxLength: 20 });
  fc.assert(
    fc.property(entries, (added) => {
      const errors = Array.from({ length: 9 }, (_, i) => new Error(String(i)));
      const failures = new Failures();
      for (const { order, which } of added) failures.add(order, errors[which] as Error);
      // An error counts for the actor with which it came first.
      const first = added.filter(({ which }, at) => added.findIndex((one) => one.which === which) === at);
      const expected = first
        .map((entry, at) => ({ ...entry, at }))
        .sort((a, b) => a.order - b.order || a.at - b.at)
        .map(({ which }) => errors[which]);
      assert.is(failures.size, expected.length);
      assert.ok(failures.errors.every((error, at) => error === expected[at]));
      // What is given out is a copy.
      failures.errors.pop();
      assert.is(failures.errors.length, expected.length);
    }),
  );
});

law.run();
