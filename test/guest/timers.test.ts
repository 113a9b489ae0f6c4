// Timers of a guest over the one timer of its host, on a clock that the laws move.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { suite } from "../harness/law.js";
import { openRealm, type Realm } from "./realm.js";

const law = suite("guest timers");

import { NEVER } from "#brood/actor/guest/host.js";

async function withLog(): Promise<Realm> {
  const realm = await openRealm();
  realm.run(`globalThis.log = []; globalThis.at = (what) => log.push(what + "@" + performance.now())`);
  return realm;
}

const logOf = (realm: Realm): string[] => [...(realm.run("log") as string[])];

law("a timeout runs once, after its time, with its arguments", async () => {
  const realm = await withLog();
  realm.run(`setTimeout((a, b) => at(a + b), 20, "x", "y")`);
  assert.equal(realm.host.wakes, [{ id: realm.host.wakes[0]?.id, ms: 20 }]);
  await realm.live(19);
  assert.equal(logOf(realm), []);
  await realm.live(100);
  assert.equal(logOf(realm), ["xy@20"]);
});

law("only the earliest deadline is asked for, and only when it changes", async () => {
  const realm = await withLog();
  realm.run(`for (let i = 0; i < 1000; i++) setTimeout(() => {}, 100 + i)`);
  assert.is(realm.host.wakes.length, 1);
  realm.run(`globalThis.early = setTimeout(() => {}, 50)`);
  assert.is(realm.host.wakes.length, 2);
  assert.is(realm.host.wakes.at(-1)?.ms, 50);
  realm.run(`clearTimeout(early)`);
  assert.is(realm.host.wakes.length, 3);
  assert.is(realm.host.wakes.at(-1)?.ms, 100);
});

law("a cleared timer never runs, and with the last one the host is asked for nothing", async () => {
  const realm = await withLog();
  realm.run(
    `const id = setTimeout(() => at("x"), 5); clearTimeout(id); clearTimeout(id); clearTimeout(undefined); clearInterval("no")`,
  );
  assert.is(realm.host.wakes.at(-1)?.ms, NEVER);
  await realm.live(50);
  assert.equal(logOf(realm), []);
});

law("timers run in the order of their deadlines, and of one deadline in the order in which they were set", async () => {
  const realm = await withLog();
  realm.run(
    `setTimeout(() => at("c"), 20); setTimeout(() => at("a"), 10); setTimeout(() => at("b"), 10); setTimeout(() => at("0"), 0)`,
  );
  await realm.live(30);
  assert.equal(logOf(realm), ["0@1", "a@10", "b@10", "c@20"]);
});

for (const [given, ms] of [
  ["0", 1],
  ["-5", 1],
  ["NaN", 1],
  ["undefined", 1],
  ["'7'", 7],
  ["1.9", 1],
  ["2147483647", 2147483647],
  ["2147483648", 1],
  ["Infinity", 1],
  ["null", 1],
  ["{}", 1],
] as const) {
  law(`a delay of ${given} is ${ms}`, async () => {
    const realm = await withLog();
    realm.run(`setTimeout(() => {}, ${given})`);
    assert.is(realm.host.wakes.at(-1)?.ms, ms);
  });
}

law("an interval runs until it is cleared, also from inside", async () => {
  const realm = await withLog();
  realm.run(`let n = 0; const id = setInterval(() => { at(++n); if (n === 3) clearInterval(id) }, 10)`);
  await realm.live(200);
  assert.equal(logOf(realm), ["1@10", "2@20", "3@30"]);
  assert.is(realm.host.wakes.length, 3);
});

law("an interval that is late goes on from where it is, and makes up for nothing", async () => {
  const realm = await withLog();
  realm.run(`setInterval(() => at("i"), 10)`);
  realm.pass(35);
  await realm.live(0);
  // One run, not three.
  assert.equal(logOf(realm), ["i@35"]);
  await realm.live(10);
  assert.equal(logOf(realm), ["i@35", "i@45"]);
});

law("what a callback sets waits for the next round, so that no callback keeps the actor from reading", async () => {
  const realm = await withLog();
  realm.run(`let n = 0; const again = () => { if (++n < 1000) setTimeout(again, 0) }; setTimeout(again, 0)`);
  realm.pass(5_000);
  const { id } = realm.host.wakes.at(-1) as { id: number };
  realm.run(`prelude.due(${id})`);
  assert.is(realm.run("n"), 1);
  assert.is(realm.host.wakes.at(-1)?.ms, 1);
});

law("a round asks its host at most once", async () => {
  const realm = await withLog();
  realm.run(
    `for (let i = 0; i < 100; i++) setTimeout(() => { setTimeout(() => {}, 50); setTimeout(() => {}, 5) }, 10)`,
  );
  const before = realm.host.wakes.length;
  await realm.live(10);
  assert.is(realm.host.wakes.length, before + 1);
  assert.is(realm.host.wakes.at(-1)?.ms, 5);
});

law("a wake-up that was replaced meanwhile is ignored", async () => {
  const realm = await withLog();
  realm.run(`setTimeout(() => at("late"), 100)`);
  const old = (realm.host.wakes.at(-1) as { id: number }).id;
  realm.run(`setTimeout(() => at("early"), 10)`);
  realm.pass(200);
  realm.run(`prelude.due(${old})`);
  assert.equal(logOf(realm), []);
});

law("a wake-up that comes too early runs nothing, and the rest is asked for again", async () => {
  const realm = await withLog();
  realm.run(`setTimeout(() => at("x"), 100)`);
  realm.pass(40);
  realm.run(`prelude.due(${(realm.host.wakes.at(-1) as { id: number }).id})`);
  assert.equal(logOf(realm), []);
  assert.is(realm.host.wakes.at(-1)?.ms, 60);
});

law("what a callback throws is fatal, and so is what its promise rejects with", async () => {
  const realm = await withLog();
  realm.run(
    `setTimeout(() => { throw new Error("thrown") }, 1); setTimeout(async () => { throw new Error("rejected") }, 2); setTimeout(() => at("other"), 3)`,
  );
  await realm.live(10);
  assert.equal(
    realm.host.errors.map((error) => (error as Error).message),
    ["thrown", "rejected"],
  );
});

law("a callback that is no function is a TypeError at once", async () => {
  const realm = await withLog();
  assert.is(realm.run(`try { setTimeout("code", 1) } catch (error) { error.name }`), "TypeError");
  assert.equal(realm.host.wakes, []);
});

law("timers that were set while the actor was built begin with its instance", async () => {
  const realm = await openRealm({ live: false });
  realm.run(
    `globalThis.log = []; setTimeout(() => log.push("b"), 30); setTimeout(() => log.push("a"), 10); setInterval(() => log.push("i"), 25)`,
  );
  assert.equal(realm.host.wakes, []);
  // The snapshot was made long ago.
  realm.pass(1_000_000);
  realm.start();
  assert.is(realm.run("performance.now()"), 0);
  assert.equal(
    realm.host.wakes.map(({ ms }) => ms),
    [10],
  );
  await realm.live(30);
  assert.equal(logOf(realm), ["a", "i", "b"]);
});

const step = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), ms: fc.integer({ min: 0, max: 40 }) }),
  fc.record({ kind: fc.constant("clear" as const), which: fc.nat(30) }),
  fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 15 }) }),
);

law("whatever is set and cleared, exactly what is left runs, each at its time", async () => {
  const realm = await withLog();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      await realm.live(1_000);
      realm.run("log.length = 0; globalThis.ids = []");
      const expected: { name: number; due: number; turn: number }[] = [];
      const done: string[] = [];
      let clock = realm.run("performance.now()") as number;
      let names = 0;
      const settle = (): void => {
        const due = expected.filter((one) => one.due <= clock).sort((a, b) => a.due - b.due || a.turn - b.turn);
        for (const one of due) {
          expected.splice(expected.indexOf(one), 1);
          done.push(`${one.name}@${one.due}`);
        }
      };
      for (const one of steps) {
        if (one.kind === "set") {
          realm.run(`ids.push(setTimeout(() => at(${names}), ${one.ms}))`);
          expected.push({ name: names, due: clock + Math.max(1, one.ms), turn: names });
          names++;
        } else if (one.kind === "clear") {
          realm.run(`clearTimeout(ids[${one.which}])`);
          const at = expected.findIndex(({ name }) => name === one.which);
          if (at >= 0) expected.splice(at, 1);
        } else {
          clock += one.ms;
          await realm.live(one.ms);
          settle();
        }
      }
      clock += 100;
      await realm.live(100);
      settle();
      assert.equal(logOf(realm), done);
    }),
    { numRuns: 60 },
  );
});

law("100,000 timers that are set and cleared leave nothing behind", async () => {
  const realm = await withLog();
  realm.run(`for (let i = 0; i < 100000; i++) clearTimeout(setTimeout(() => at("x"), i % 1000))`);
  await realm.live(2_000);
  assert.equal(logOf(realm), []);
});

law.run();
