// How many restarts are too many, and what is remembered of them: a window that slides with the time it is given.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { NO_RESTARTS, oneMore, restartsSince, type Limits, type Window } from "#brood/supervisor/intensity.js";
import { keep, type Kept } from "#brood/supervisor/record.js";
import { suite } from "../harness/law.js";

const law = suite("intensity");

/** Which of the restarts at these times were too many. */
function verdicts(times: readonly number[], limits: Limits): boolean[] {
  let window: Window = NO_RESTARTS;
  return times.map((now) => {
    const next = oneMore(window, now, limits);
    window = next.window;
    return next.tooMany;
  });
}

law("three restarts in five seconds are allowed, and the fourth is not", () => {
  assert.equal(verdicts([0, 1, 2, 3], { intensity: 3, period: 5_000 }), [false, false, false, true]);
});

law("a restart is forgotten when it is longer ago than the period, and not a moment before", () => {
  const limits = { intensity: 1, period: 100 };
  assert.equal(verdicts([0, 100], limits), [false, true]);
  assert.equal(verdicts([0, 100.5], limits), [false, false]);
});

law("what is looked at in between counts only what the period still holds", () => {
  const { window } = oneMore(oneMore(NO_RESTARTS, 0, { intensity: 9, period: 100 }).window, 60, {
    intensity: 9,
    period: 100,
  });
  assert.equal(
    [60, 100, 101, 161].map((now) => restartsSince(window, now - 100)),
    [2, 2, 1, 0],
  );
});

law("an intensity of 0 allows none", () => {
  assert.equal(verdicts([0], { intensity: 0, period: 1 }), [true]);
});

const runs = fc.record({
  steps: fc.array(fc.nat(50), { minLength: 1, maxLength: 60 }),
  intensity: fc.nat(6),
  period: fc.integer({ min: 1, max: 200 }),
});

law(
  "whatever the times, a restart is too many just where more than the intensity lie in the period that ends with it",
  () => {
    fc.assert(
      fc.property(runs, ({ steps, intensity, period }) => {
        let now = 0;
        const times = steps.map((step) => (now += step));
        const expected = times.map(
          (end, at) => times.slice(0, at + 1).filter((time) => end - time <= period).length > intensity,
        );
        assert.equal(verdicts(times, { intensity, period }), expected);
      }),
    );
  },
);

law("the window holds no more than the period, and does not change what it was given", () => {
  fc.assert(
    fc.property(runs, ({ steps, intensity, period }) => {
      let now = 0;
      let window: Window = NO_RESTARTS;
      for (const step of steps) {
        const before = [...window];
        const next = oneMore(window, (now += step), { intensity, period });
        assert.equal([...window], before);
        assert.ok(next.window.every((time) => now - time <= period));
        assert.is(next.window.at(-1), now);
        window = next.window;
      }
      assert.equal([...NO_RESTARTS], []);
    }),
  );
});

const failure = (at: number, counts: boolean): Kept => ({
  failure: { id: String(at), exit: undefined, error: new Error(String(at)), time: at },
  counts,
  at,
});

law("every failure of the period that counted is kept, in the order in which they came", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ step: fc.nat(20), counts: fc.boolean() }), { maxLength: 60 }), (events) => {
      let now = 0;
      let record: readonly Kept[] = [];
      const all: Kept[] = [];
      for (const { step, counts } of events) {
        const one = failure((now += step), counts);
        all.push(one);
        record = keep(record, one, 100);
      }
      assert.equal(
        record.map(({ at }) => at),
        all.filter(({ at }) => now - at <= 100).map(({ at }) => at),
      );
    }),
  );
});

law(
  "of those that counted for nothing the newest thousand are kept, and none that counted is given up for them",
  () => {
    let record: readonly Kept[] = [failure(0, true)];
    for (let at = 1; at <= 1_500; at++) record = keep(record, failure(at, at === 700), 1_000_000);
    assert.is(record.filter(({ counts }) => !counts).length, 1_000);
    assert.equal(
      record.filter(({ counts }) => counts).map(({ at }) => at),
      [0, 700],
    );
    assert.is(record.at(-1)?.at, 1_500);
    assert.is(record[1]?.at, 500);
  },
);

law.run();
