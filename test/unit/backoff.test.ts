// How long a supervisor waits before a restart, and what ends a wait: by a clock that the law moves.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { defaultPolicy, nextAttempt, waitBefore } from "#brood/supervisor/backoff.js";
import type { Clock } from "#brood/supervisor/clock.js";
import { Repair } from "#brood/supervisor/repair.js";
import { suite } from "../harness/law.js";

const law = suite("back-off");

law("the first restart is made at once, further ones wait longer each time, up to the maximum", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7].map((attempt) => waitBefore(attempt, { initial: 100, factor: 2, max: 1_000 }));
  assert.equal(waits, [0, 100, 200, 400, 800, 1_000, 1_000]);
  assert.is(waitBefore(5_000, { initial: 0, factor: 2, max: 1_000 }), 0);
  assert.is(waitBefore(5_000, { initial: 1, factor: 2, max: 1_000 }), 1_000);
});

law("by default a child that always fails at once exceeds the intensity, whatever that is", () => {
  assert.equal(defaultPolicy({ intensity: 3, period: 5_000 }), { initial: 100, factor: 2, max: 625 });
  fc.assert(
    fc.property(fc.nat(200), fc.integer({ min: 1, max: 600_000 }), (intensity, period) => {
      const policy = defaultPolicy({ intensity, period });
      let total = 0;
      for (let attempt = 1; attempt <= intensity + 1; attempt++) total += waitBefore(attempt, policy);
      assert.ok(total <= period / 2, `${total} of ${period}`);
    }),
  );
});

law("a wait never shrinks within a row, and never exceeds the maximum", () => {
  const policies = fc.record({
    initial: fc.nat(500),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
    max: fc.integer({ min: 500, max: 5_000 }),
  });
  fc.assert(
    fc.property(policies, (policy) => {
      let last = 0;
      for (let attempt = 1; attempt < 50; attempt++) {
        const wait = waitBefore(attempt, policy);
        assert.ok(wait >= last && wait <= policy.max);
        last = wait;
      }
    }),
  );
});

law("a child that was up for long enough begins a new row; one that did not come up does not", () => {
  assert.is(nextAttempt(0, 0, 10, 100), 1);
  assert.is(nextAttempt(4, 0, 100, 100), 5);
  assert.is(nextAttempt(4, 0, 101, 100), 1);
  assert.is(nextAttempt(4, undefined, 1_000, 100), 5);
});

/** A clock that stands until it is moved. */
class Hand implements Clock {
  #now = 1_000;
  readonly #timers = new Map<() => void, number>();

  now(): number {
    return this.#now;
  }
  after(ms: number, then: () => void): () => void {
    this.#timers.set(then, this.#now + ms);
    return () => this.#timers.delete(then);
  }
  get timers(): number {
    return this.#timers.size;
  }
  move(ms: number): void {
    this.#now += ms;
    for (const [then, at] of [...this.#timers])
      if (at <= this.#now) {
        this.#timers.delete(then);
        then();
      }
  }
}

/** Whether it has settled by now. */
async function settled(work: Promise<void>): Promise<boolean> {
  let done = false;
  void work.then(() => (done = true));
  for (let turn = 0; turn < 10; turn++) await undefined;
  return done;
}

law("a restart waits until its time has come, and leaves no timer", async () => {
  const clock = new Hand();
  const repair = new Repair<string>(clock);
  repair.join(["a"], clock.now() + 100);
  const waited = repair.waited();
  clock.move(99);
  assert.is(await settled(waited), false);
  clock.move(1);
  assert.is(await settled(waited), true);
  assert.is(clock.timers, 0);
  assert.is(await settled(repair.waited()), true);
});

law("who joins a restart makes it begin anew, and wait for the later of both", async () => {
  const clock = new Hand();
  const repair = new Repair<string>(clock);
  repair.join(["a"], clock.now() + 100);
  const { turn } = repair;
  const waited = repair.waited();
  repair.join(["b"], clock.now() + 50);
  assert.is(await settled(waited), true);
  assert.is.not(repair.turn, turn);
  const again = repair.waited();
  clock.move(50);
  assert.is(await settled(again), false);
  clock.move(50);
  assert.is(await settled(again), true);
  assert.equal([...repair.children], ["a", "b"]);
  assert.is(clock.timers, 0);
});

law("the last to leave ends the wait, and others do not", async () => {
  const clock = new Hand();
  const repair = new Repair<string>(clock);
  repair.join(["a", "b"], clock.now() + 100);
  const waited = repair.waited();
  repair.leave("a");
  repair.leave("never there");
  assert.is(await settled(waited), false);
  repair.leave("b");
  assert.is(await settled(waited), true);
  assert.is(clock.timers, 0);
});

law("a start is awaited until it settles or somebody joins", async () => {
  const repair = new Repair<string>(new Hand());
  assert.is(await settled(repair.unlessWoken(Promise.resolve())), true);
  const waiting = repair.unlessWoken(new Promise(() => {}));
  assert.is(await settled(waiting), false);
  repair.join(["a"], 0);
  assert.is(await settled(waiting), true);
});

law.run();
