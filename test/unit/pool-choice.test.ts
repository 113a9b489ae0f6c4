// What a pool decides: tables of the cases that matter, and what holds for every crowd.
import fc from "fast-check";
import * as assert from "uvu/assert";
import {
  admits,
  givesUp,
  nextRetirement,
  PATIENCE,
  pauseAfter,
  pick,
  retirable,
  startsNow,
  type Crowd,
  type Seat,
} from "#brood/supervisor/pool-choice.js";
import type { MemberStatus } from "#brood/supervisor/pool-life.js";
import { suite } from "../harness/law.js";

const law = suite("pool choice");

const EMPTY: Crowd = {
  size: 4,
  minSize: 0,
  starting: 0,
  serving: 0,
  spent: 0,
  ending: 0,
  open: 0,
  waiting: 0,
  failures: 0,
};

const STARTS: readonly [string, Partial<Crowd>, number][] = [
  ["nothing to do", {}, 0],
  ["one call", { waiting: 1 }, 1],
  ["as many as may be", { waiting: 9 }, 4],
  ["the fewest that are kept", { minSize: 2 }, 2],
  ["one is on its way for the one call", { starting: 1, waiting: 1 }, 0],
  ["one is free for the one call", { serving: 1, waiting: 1 }, 0],
  ["the one that serves is busy", { serving: 1, open: 1, waiting: 1 }, 1],
  ["it runs two at once", { serving: 1, open: 2 }, 1],
  ["all serve", { serving: 4, open: 4, waiting: 9 }, 0],
  ["one of them runs its last call", { serving: 3, spent: 1, open: 3, waiting: 9 }, 0],
  ["one of them ends", { serving: 3, ending: 1, open: 3, waiting: 9 }, 1],
  ["as many again end", { serving: 3, ending: 5, open: 3, waiting: 9 }, 0],
  ["a start has failed", { waiting: 9, failures: 1 }, 1],
  ["and one is tried", { waiting: 9, failures: 1, starting: 1 }, 0],
  ["given up, and nobody waits", { minSize: 2, failures: PATIENCE }, 0],
  ["given up, and somebody waits again", { waiting: 1, failures: PATIENCE }, 1],
];
for (const [what, crowd, starts] of STARTS) {
  law(`starts ${starts}: ${what}`, () => {
    assert.is(startsNow({ ...EMPTY, ...crowd }), starts);
  });
}

const few = fc.nat({ max: 9 });
const crowds = fc
  .record({ size: fc.integer({ min: 1, max: 8 }), minSize: few, starting: few, serving: few, spent: few, ending: few })
  .chain((counts) => fc.record({ open: few, waiting: few, failures: few }).map((rest) => ({ ...counts, ...rest })))
  .map((crowd) => ({ ...crowd, minSize: Math.min(crowd.minSize, crowd.size) }));

law("never more than `size` serve or are about to, and never more than twice that are there", () => {
  fc.assert(
    fc.property(crowds, (crowd) => {
      const starts = startsNow(crowd);
      assert.ok(Number.isInteger(starts) && starts >= 0);
      if (starts === 0) return;
      const { size, starting, serving, spent, ending } = crowd;
      assert.ok(starts + starting + serving + spent <= size);
      assert.ok(starts + starting + serving + spent + ending <= 2 * size);
    }),
  );
});

law("whoever waits is waited for: one serves, one is on its way, one is started, or too many are ending", () => {
  fc.assert(
    fc.property(crowds, (crowd) => {
      if (crowd.waiting === 0) return;
      const { size, starting, serving, spent, ending } = crowd;
      const hope = starting + serving + spent + ending + startsNow(crowd);
      assert.ok(hope > 0, JSON.stringify(crowd));
      if (starting + serving + spent === 0 && ending < size) assert.ok(startsNow(crowd) > 0);
    }),
  );
});

law("after a failure one at a time is tried", () => {
  fc.assert(
    fc.property(crowds, (crowd) => {
      if (crowd.failures > 0 && startsNow(crowd) > 0) assert.is(startsNow(crowd) + crowd.starting, 1);
    }),
  );
});

law("it gives up after so many failures, if nobody serves and nobody is on the way", () => {
  assert.not(givesUp({ failures: PATIENCE - 1, serving: 0, starting: 0 }));
  assert.ok(givesUp({ failures: PATIENCE, serving: 0, starting: 0 }));
  assert.not(givesUp({ failures: PATIENCE, serving: 1, starting: 0 }));
  assert.not(givesUp({ failures: PATIENCE, serving: 0, starting: 1 }));
});

law("pauses grow, and have an end", () => {
  assert.equal([0, 1, 2, 3, 4].map(pauseAfter), [0, 100, 200, 400, 800]);
  for (let failures = 0; failures < 2_000; failures++) assert.ok(pauseAfter(failures + 1) >= pauseAfter(failures));
  assert.is(pauseAfter(2_000), 5_000);
});

law("a queue lets in `maxQueue` calls, and those that an actor on its way will take", () => {
  assert.ok(admits(0, 1, 0, 1));
  assert.not(admits(1, 1, 0, 1));
  assert.not(admits(0, 0, 0, 1));
  assert.ok(admits(1, 0, 1, 2));
  assert.not(admits(2, 0, 1, 2));
  assert.ok(admits(1_000_000, Infinity, 0, 1));
});

const seats = fc.array(
  fc.record({
    status: fc.constantFrom<MemberStatus>("starting", "serving", "spent", "ending", "gone"),
    open: fc.nat({ max: 3 }),
    used: fc.nat(),
    idleSince: fc.nat({ max: 100 }),
  }),
  { maxLength: 8 },
);

law("the one that is picked serves, has room, and no other runs fewer; of those the one used last", () => {
  fc.assert(
    fc.property(seats, fc.integer({ min: 1, max: 4 }), (all, concurrency) => {
      const fit = all.filter(({ status, open }) => status === "serving" && open < concurrency);
      const picked = pick(all, concurrency);
      assert.is(picked === undefined, fit.length === 0);
      if (picked === undefined) return;
      assert.ok(fit.includes(picked));
      for (const { open, used } of fit) {
        assert.ok(picked.open <= open);
        if (open === picked.open) assert.ok(picked.used >= used);
      }
    }),
  );
});

law("those retired are idle, have been for long enough, and leave as many as are kept", () => {
  fc.assert(
    fc.property(seats, fc.nat({ max: 200 }), fc.nat({ max: 100 }), few, (all, now, idleTimeout, minSize) => {
      const retired = retirable(all, { now, idleTimeout, minSize });
      const kept = (one: readonly Seat[]): number =>
        one.filter(({ status }) => status === "serving" || status === "starting").length;
      for (const { status, open, idleSince } of retired) {
        assert.ok(status === "serving" && open === 0 && now - idleSince >= idleTimeout);
      }
      if (retired.length > 0) assert.ok(kept(all) - retired.length >= minSize);
      // And the clock says so: what can be retired is not overlooked, and when nothing can, it is not told to look.
      const next = nextRetirement(all, { idleTimeout, minSize });
      if (retired.length > 0) assert.ok(next !== undefined && next <= now);
      else assert.ok(next === undefined || next > now);
    }),
  );
});

law.run();
