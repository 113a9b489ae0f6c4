// Laws of what guests leave behind, however they ended: nothing.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { component, source, withNursery, type Nursery } from "brood";
import { plainComponent } from "#brood/testing/plain-component.js";
import { soon } from "#brood/testing/soon.js";
import { suite } from "../harness/law.js";

const law = suite("cycles");

const CYCLES = process.env["BROOD_FULL"] === "1" ? 10_000 : 2_000;
/** At the same time. */
const LANES = 8;
/** What the process may have grown by; MiB. */
const GROWTH = 20;

interface Busy {
  add(a: number, b: number): number;
  forever(): Promise<never>;
  loop(): never;
  exhaust(): never;
}
const script = source<Busy>(`({
  add: (a, b) => a + b,
  forever: () => new Promise(() => {}),
  loop() { for (;;); },
  exhaust() { const kept = []; for (;;) kept.push(new Array(1000).fill(kept.length)); },
})`);
interface Plain {
  add(a: number, b: number): number;
  spin(): void;
  trap(): void;
}
const plain = component<Plain>(plainComponent(), { compile: "in-process" });

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Each starts one guest and ends it in a way of its own. */
const WAYS: readonly ((nursery: Nursery, name: string) => Promise<unknown>)[] = [
  // killed as soon as it is there
  async (nursery, name) => (await nursery.start(script, { name })).kill(),
  // killed while it starts
  async (nursery, name) => {
    const controller = new AbortController();
    const starting = nursery.start(script, { name, signal: controller.signal }).then(
      (portal) => portal.kill(),
      () => {},
    );
    setImmediate(() => controller.abort());
    return starting;
  },
  // after a call
  async (nursery, name) => {
    const portal = await nursery.start(script, { name });
    assert.equal(await portal.call("add", 1, 2), 3);
    return portal.kill();
  },
  // while it computes
  async (nursery, name) => {
    const portal = await nursery.start(script, { name });
    portal.call("loop").catch(() => {});
    return portal.kill();
  },
  // while it awaits what never comes
  async (nursery, name) => {
    const portal = await nursery.start(script, { name });
    portal.call("forever").catch(() => {});
    await portal.call("add", 1, 2);
    return portal.kill();
  },
  // a component, while it computes
  async (nursery, name) => {
    const portal = await nursery.start(plain, { name });
    portal.call("spin").catch(() => {});
    return portal.kill();
  },
  // by itself, by a trap
  async (nursery, name) => {
    const portal = await nursery.start(plain, { name });
    await portal.call("trap").catch(() => {});
    return portal.exited;
  },
  // asked to
  async (nursery, name) => (await nursery.start(script, { name })).cancel(),
];

async function cycles(count: number): Promise<void> {
  await withNursery(
    async (nursery) => {
      let next = 0;
      const lane = async (): Promise<void> => {
        for (let turn = next++; turn < count; turn = next++) {
          const way = WAYS[turn % WAYS.length] as (typeof WAYS)[number];
          await soon(`cycle ${turn}`, way(nursery, `cycle-${turn}`), 20_000);
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
    },
    { onDeath: "report" },
  );
}

interface Held {
  readonly mib: number;
  readonly threads: number;
  readonly descriptors: number;
  readonly mappings: number;
}

/** V8 maps its heap in pieces of 256 KiB, more and fewer of them as it likes. */
function isOurs(mapping: string): boolean {
  const [, from, to, rights] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(mapping) ?? [];
  return from !== undefined && !(rights === "rw-p" && parseInt(to as string, 16) - parseInt(from, 16) === 256 << 10);
}

async function held(): Promise<Held> {
  for (let count = 0; count < 3; count++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const rollup = readFileSync("/proc/self/smaps_rollup", "utf8");
  const kib = [...rollup.matchAll(/^Private_\w+:\s+(\d+) kB/gm)].reduce((sum, [, number]) => sum + Number(number), 0);
  const { heapTotal, heapUsed } = process.memoryUsage();
  return {
    // Of V8's heap what is in it: it keeps up to 48 MiB of empty room for young objects.
    mib: kib / 1024 - (heapTotal - heapUsed) / 1024 / 1024,
    threads: readdirSync("/proc/self/task").length,
    descriptors: readdirSync("/proc/self/fd").length,
    mappings: readFileSync("/proc/self/maps", "utf8").split("\n").filter(isOurs).length,
  };
}

law(
  `${CYCLES} guests that were started and ended in every way leave memory, threads, descriptors and mappings as they were`,
  async () => {
    // V8's heap and the allocator's come to their size first.
    await cycles(1_000);
    const [before, after] = await around(`${CYCLES} cycles`, () => cycles(CYCLES));
    assert.ok(after.mib - before.mib < GROWTH, `${after.mib - before.mib} MiB more`);
    assert.ok(after.threads <= before.threads, `${after.threads - before.threads} threads more`);
    assert.ok(after.descriptors <= before.descriptors, `${after.descriptors - before.descriptors} descriptors more`);
    // The allocator's heaps come and go by a few; a guest has five.
    assert.ok(after.mappings - before.mappings < 20, `${after.mappings - before.mappings} mappings more`);
  },
  { deadline: 300_000 },
);

/** What is held before and after it was done; up to three times, while it grows: what is kept for each guest grows every time. V8's
 *  empty room, of which nobody says how much is in memory, does not. */
async function around(what: string, work: () => Promise<void>): Promise<[before: Held, after: Held]> {
  let before = await held();
  let after = before;
  for (let batch = 0; batch < 3; batch++) {
    before = after;
    const from = performance.now();
    await work();
    const took = performance.now() - from;
    after = await held();
    process.stdout.write(
      `  measured: ${what} in ${took.toFixed(0)} ms: ${JSON.stringify(before)} -> ${JSON.stringify(after)}\n`,
    );
    if (after.mib - before.mib < GROWTH) break;
  }
  return [before, after];
}

law(
  "A hundred guests that each take all memory they may have end alone, and what they took comes back",
  async () => {
    await withNursery(
      async (nursery) => {
        const sibling = await nursery.start(script, { name: "sibling" });
        const [before, after] = await around("a hundred bombs", async () => {
          for (let batch = 0; batch < 25; batch++) {
            const ended = Array.from({ length: 4 }, async () => {
              const portal = await nursery.start(script, { name: "bomb", limits: { memory: "16MiB" } });
              portal.call("exhaust").catch(() => {});
              return soon("its end", portal.exited, 20_000);
            });
            for (const exit of await Promise.all(ended)) assert.equal(exit.kind, "failed");
            assert.equal(await sibling.call("add", batch, 1), batch + 1);
          }
        });
        assert.ok(after.mib - before.mib < GROWTH, `${after.mib - before.mib} MiB more`);
      },
      { onDeath: "report" },
    );
  },
  { deadline: 120_000 },
);

law.run();
