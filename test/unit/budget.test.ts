// Time handed down a tree: whatever the depth, all of it ends within the bound of its top.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { stepsWithin, type Steps } from "#brood/portal/budget.js";
import { suite } from "../harness/law.js";

const law = suite("budget");

const DEFAULTS: Steps = { cancelTimeout: 500, killTimeout: 1_600 };

law("without a bound from above an actor has what it was given", () => {
  assert.is(stepsWithin(DEFAULTS, undefined), DEFAULTS);
});

const TABLE: readonly [within: number, Steps][] = [
  [500, { cancelTimeout: 300, killTimeout: 150 }],
  [300, { cancelTimeout: 180, killTimeout: 90 }],
  [100, { cancelTimeout: 60, killTimeout: 30 }],
  [100_000, DEFAULTS],
  [1, { cancelTimeout: 1, killTimeout: 1 }],
  [0, { cancelTimeout: 1, killTimeout: 1 }],
];
for (const [within, expected] of TABLE) {
  law(`with ${within} ms left it has ${expected.cancelTimeout} and ${expected.killTimeout}`, () =>
    assert.equal(stepsWithin(DEFAULTS, within), expected),
  );
}

const time = fc.integer({ min: 1, max: 60_000 });
const steps = fc.record({ cancelTimeout: time, killTimeout: time });

law("a child never has more than it was given, nor than its parent has left, and always something", () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 4, max: 60_000 }), (own, within) => {
      const { cancelTimeout, killTimeout } = stepsWithin(own, within);
      assert.ok(cancelTimeout <= own.cancelTimeout && killTimeout <= own.killTimeout);
      assert.ok(cancelTimeout >= 1 && killTimeout >= 1);
      // The parent needs some of it for itself.
      assert.ok(cancelTimeout + killTimeout < within);
    }),
  );
});

law("the whole ladder of the deepest child is over before the first step of its top is", () => {
  fc.assert(
    fc.property(
      fc.array(steps, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 500, max: 60_000 }),
      (levels, top) => {
        let within = top;
        for (const own of levels) {
          const { cancelTimeout, killTimeout } = stepsWithin(own, within);
          assert.ok(cancelTimeout + killTimeout <= Math.max(2, within));
          within = cancelTimeout;
        }
      },
    ),
  );
});

law.run();
