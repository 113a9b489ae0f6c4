// Laws of floods: whatever two guests pour out at the same time, as fast as they can, the host's event loop goes on turning and
// a neighbour is answered. Needs a machine that does nothing else: what is late in one round may be late for another's
// reason, so a law holds when it held in one of some rounds, each with guests of its own from their start to their end.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { component, source, withNursery, type Nursery, type Portal } from "brood";
import { soon } from "#brood/testing/soon.js";
import { ROOT } from "../harness/checkout.js";
import { suite } from "../harness/law.js";
import { rogueComponent } from "./rogue.js";

const law = suite("floods");

/** How long two of them are let; ms. */
const FLOOD = process.env["BROOD_FULL"] === "1" ? 2_000 : 250;
const ROUNDS = 8;
/** Most that a turn of the host's event loop may come late; ms. */
const LOOP = 20;
/** Most that a neighbour may have to wait; ms. */
const NEIGHBOUR = 250;

interface Honest {
  add(a: number, b: number): number;
}
const honest = source<Honest>("({ add: (a, b) => a + b })");
const floods = source(readFileSync(join(ROOT, "test", "hostile", "guests", "floods.js"), "utf8"));

/** Starts one guest and lets it loose. */
type Loose = (nursery: Nursery, name: string, heard: () => void) => Promise<Portal<any>>;

interface Round {
  /** ms by which a turn of the loop was late, at most; and by which a neighbour was. */
  readonly loop: number;
  readonly neighbour: number;
  readonly calls: number;
  readonly lines: number;
}

/** Two of them at once, from their start until both are gone. */
async function round(loose: Loose): Promise<Round> {
  let lines = 0;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  return withNursery(
    async (nursery) => {
      const neighbour = await nursery.start(honest, { name: "neighbour" });
      await neighbour.call("add", 1, 2);
      delay.enable();
      const until = performance.now() + FLOOD;
      const portals = await Promise.all(["one", "two"].map((name) => loose(nursery, name, () => (lines += 1))));
      let latest = 0;
      let calls = 0;
      while (performance.now() < until) {
        const from = performance.now();
        assert.equal(await soon("a neighbour's answer", neighbour.call("add", calls, 1)), calls + 1);
        latest = Math.max(latest, performance.now() - from);
        calls += 1;
        await sleep(2);
      }
      // They flooded to the end.
      assert.deepEqual(
        portals.map(({ status }) => status),
        ["running", "running"],
      );
      await Promise.all(portals.map((portal) => soon("its end", portal.kill())));
      // What held the loop up last is noted when it turns again.
      await sleep(5);
      delay.disable();
      return { loop: delay.max / 1e6, neighbour: latest, calls, lines };
    },
    { onDeath: "report" },
  );
}

async function holds(what: string, loose: Loose): Promise<void> {
  const rounds: Round[] = [];
  for (let count = 0; count < ROUNDS; count++) {
    const figures = await round(loose);
    rounds.push(figures);
    if (figures.loop < LOOP && figures.neighbour < NEIGHBOUR) break;
  }
  const told = rounds
    .map(
      ({ loop, neighbour, calls, lines }) =>
        `${loop.toFixed(1)} ms, a neighbour ${neighbour.toFixed(1)} ms over ${calls} calls, ${lines} lines`,
    )
    .join("; ");
  process.stdout.write(`  measured: two floods of ${what}: the loop late by ${told}\n`);
  const last = rounds.at(-1) as Round;
  assert.ok(last.loop < LOOP, `${what}: the host's loop came late in each round: ${told}`);
  assert.ok(last.neighbour < NEIGHBOUR, `${what}: a neighbour waited in each round: ${told}`);
}

/** What the guest does by itself, once it is told. */
for (const endpoint of [
  "timers",
  "intervals",
  "timersThatComeTooSoon",
  "microtasks",
  "promises",
  "logs",
  "logsInTurns",
  "garbage",
  "messages",
]) {
  law(
    `Two guests that flood by ${endpoint} slow neither the host nor a neighbour`,
    () =>
      holds(endpoint, async (nursery, name, heard) => {
        const portal = await nursery.start(floods, { name, stdio: heard });
        // Most never answer it; the end of the actor does.
        portal.call(endpoint).catch(() => {});
        return portal;
      }),
    { deadline: 60_000 },
  );
}

/** What the host asks for again and again, without waiting. */
for (const endpoint of ["throws", "rejects", "large"]) {
  law(
    `Two guests of which ten calls at a time answer with ${endpoint} slow neither the host nor a neighbour`,
    () =>
      holds(`${endpoint}, ten at a time`, async (nursery, name, heard) => {
        const portal = await nursery.start(floods, { name, stdio: heard });
        const ask = async (): Promise<void> => {
          while (portal.status === "running") await portal.call(endpoint).catch(() => {});
        };
        for (let count = 0; count < 10; count++) void ask();
        return portal;
      }),
    { deadline: 60_000 },
  );
}

let rogue: ReturnType<typeof component<{ add(): void }>>;
law.before(async () => {
  rogue = component<{ add(): void }>(await rogueComponent(), { compile: "in-process" });
  // Compiled once, which takes a second of all cores.
  await withNursery((nursery) => nursery.run(honest, "add", [1, 2]));
  await withNursery(
    async (nursery) => {
      const portal = await nursery.start(rogue, { name: "rogue: half a frame", startTimeout: 60_000 });
      await portal.exited;
    },
    { onDeath: "report" },
  );
});

for (const mode of ["logs", "long logs", "timers", "empty items", "nothing"]) {
  law(
    `Two components that write ${mode} for ever slow neither the host nor a neighbour`,
    () =>
      holds(mode, async (nursery, _, heard) => {
        const portal = await nursery.start(rogue, { name: `rogue: ${mode}`, stdio: heard });
        // It is never answered.
        portal.call("add").catch(() => {});
        return portal;
      }),
    { deadline: 60_000 },
  );
}

/** WebAssembly without JavaScript, on WASI's own streams. */
for (const name of ["stdout", "stderr-no-line", "bytewise"]) {
  const file = join(ROOT, "crates", "engine", "tests", "corpus", "floods", `${name}.wasm`);
  const writer = component<{ run(): void }>(file);
  law(
    `Two components that write to ${name} for ever slow neither the host nor a neighbour`,
    () =>
      holds(name, async (nursery, called, heard) => {
        const portal = await nursery.start(writer, { name: called, stdio: heard });
        portal.call("run").catch(() => {});
        return portal;
      }),
    { deadline: 60_000 },
  );
}

law.run();
