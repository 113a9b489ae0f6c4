// Death of any process of a tree, at any moment and in every way, leaves nothing: no process, no zombie, no file. 20 random
// rounds, 200 with BROOD_FULL; a round that fails names the seed that repeats it (BROOD_SEED).
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import * as assert from "uvu/assert";
import { actor, dumpTree, formatTree, openNursery, withNursery, type Exit } from "brood";
import { lawEnv } from "#brood/testing/conformance.js";
import { until } from "#brood/testing/gate.js";
import { GONE, TreeHost } from "#brood/testing/host.js";
import type { LawEnv } from "#brood/testing/law.js";
import { Marked } from "#brood/testing/marked.js";
import { measured } from "#brood/testing/measured.js";
import { isAlive, isTemplate, processState } from "#brood/testing/processes.js";
import type { TreeConfig } from "#brood/testing/programs/tree.js";
import { leakCheck } from "./harness/leaks.js";
import { suite, type LawTask } from "./harness/law.js";
import { anySeed, Random } from "./harness/random.js";

const METHODS = ["forkserver", "exec"] as const;
const ROUNDS = process.env["BROOD_FULL"] ? 200 : 20;
/** An actor that is being born meets the end of its host when its process has come to its first instruction of ours; ms. */
const BORN = 3_000;
/** Short steps, so that loops cost little; ms. */
const LADDER = { cancelTimeout: 200, killTimeout: 300 };
/** What a busy machine may take on top; ms. */
const SLACK = 1_000;

const cancels = actor<typeof import("#brood/testing/actors/cancels.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/cancels.js")),
);

const law = suite("kill");
const leaks = leakCheck();

law.before(async () => {
  // The first actor, and the first Worker, open what then stays.
  for (const method of METHODS) await withNursery((nursery) => nursery.run(cancels, "pid", [], { spawn: method }));
  const worker = new Worker("", { eval: true });
  await new Promise((resolve) => worker.once("exit", resolve));
});
law.before.each(() => leaks.snapshot());
law.after.each(() => leaks.assertSame());

function environment(t: LawTask, method: LawEnv["method"]): LawEnv {
  const directory = mkdtempSync(join(tmpdir(), "law-"));
  t.defer(() => rmSync(directory, { recursive: true, force: true }));
  return lawEnv(method, { directory, defer: (cleanUp) => t.defer(cleanUp), observer: { dumpTree, formatTree } });
}

/** Runs `round` with seeds of its own; a failure says which. */
async function rounds(
  count: number,
  round: (pick: <T>(from: readonly T[]) => T, within: (ms: number) => number) => Promise<unknown>,
): Promise<void> {
  const given = process.env["BROOD_SEED"];
  for (let index = 0; index < (given === undefined ? count : 1); index++) {
    const seed = given === undefined ? anySeed() : Number(given);
    const random = new Random(seed);
    try {
      await round(
        (from) => random.pick(from),
        (ms) => random.next() * ms,
      );
    } catch (error) {
      throw new Error(`round ${index}, BROOD_SEED=${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended meanwhile: that is what this is about.
  }
}

for (const method of METHODS) {
  law(
    `${method}: SIGKILL of the host or of a middle process, or of both at once, leaves nothing of a tree that is there`,
    async (t) => {
      const env = environment(t, method);
      let slowest = 0;
      const trees: TreeHost[] = [];
      await rounds(ROUNDS, async (pick, within) => {
        const tree = new TreeHost(env, { loops: pick([true, false]), via: pick(["setup", "task"]) });
        trees.push(tree);
        const pids = await tree.ready();
        const host = tree.program.pid;
        const victims = pick([
          [host],
          [pids[0]],
          [pids[1]],
          [pids[0], host],
          [pids[1], host],
          [host, pids[0]],
          [pids[2], pids[1], pids[0], host],
        ] as number[][]);
        if (!victims.includes(host)) {
          const top = pids.indexOf(victims[0] as number);
          const above = [host, ...pids.slice(0, top)];
          const below = tree.marked
            .living()
            .filter(({ pid, ppid }) => !above.includes(pid) && (!above.includes(ppid) || pid === victims[0]));
          // Actors that fork have a template of their own as well.
          assert.is(below.filter((one) => !isTemplate(one)).length, 2 * (pids.length - top));
          killQuietly(victims[0] as number);
          await until(`nobody lives below ${victims[0]}`, () => below.every(({ pid }) => !isAlive(pid)), GONE);
          victims.push(host);
        }
        for (const [index, pid] of victims.entries()) {
          if (index > 0) await sleep(within(4));
          killQuietly(pid);
        }
        slowest = Math.max(slowest, await tree.gone());
      });
      measured(`slowest of ${ROUNDS} rounds, until nobody was left`, slowest);
      for (const { marked } of trees) await marked.reaped();
    },
    { deadline: 20_000 + ROUNDS * 3_000 },
  );

  law(
    `${method}: SIGKILL of the host or of a process in a tree that is still being started leaves nothing`,
    async (t) => {
      const env = environment(t, method);
      let slowest = 0;
      const trees: TreeHost[] = [];
      await rounds(ROUNDS, async (pick, within) => {
        const tree = new TreeHost(env, { via: pick(["setup", "task"]) });
        trees.push(tree);
        await tree.program.event("begun");
        await sleep(within(400));
        // Whoever is there just now, the host or a process that is no more than a fork yet.
        const victim = pick(tree.marked.living());
        killQuietly(victim.pid);
        if (victim.pid !== tree.program.pid) {
          await sleep(within(20));
          killQuietly(tree.program.pid);
        }
        slowest = Math.max(slowest, await tree.gone(BORN));
      });
      measured(`slowest of ${ROUNDS} rounds, killed while starting, until nobody was left`, slowest);
      for (const { marked } of trees) await marked.reaped();
    },
    { deadline: 20_000 + ROUNDS * 5_000 },
  );

  law(
    `${method}: a host that ends in any other way leaves nothing, at whatever moment`,
    async (t) => {
      const env = environment(t, method);
      let slowest = 0;
      await rounds(ROUNDS, async (pick, within) => {
        const how = pick(["exit", "throw", "reject", "abort", "exhaust", "SIGINT", "SIGTERM", "SIGHUP"] as const);
        const early = pick([true, false]);
        const tree = new TreeHost(
          env,
          { loops: pick([true, false]), via: pick(["setup", "task"]), options: { ...env.options(""), ...LADDER } },
          { execArgv: ["--max-old-space-size=32"] },
        );
        await tree.program.event("begun");
        if (early) await sleep(within(400));
        else await tree.ready();
        tree.marked.living();
        if (how.startsWith("SIG")) tree.program.signal(how as NodeJS.Signals);
        else tree.program.send(how);
        const from = performance.now();
        const { code, signal } = await tree.program.ended;
        const expected =
          how === "exit"
            ? [7]
            : how === "abort" || how === "exhaust"
              ? ["SIGABRT"]
              : how.startsWith("SIG")
                ? [how]
                : [1];
        assert.ok(
          expected.includes((signal ?? code) as never),
          `${how}${early ? " early" : ""}: ended with ${signal ?? code}: ${tree.program.stderr}`,
        );
        const left = LADDER.cancelTimeout + LADDER.killTimeout + SLACK + 2_000 - (performance.now() - from);
        slowest = Math.max(slowest, await tree.gone(early ? BORN : Math.max(left, GONE)));
        if (!early && !how.startsWith("SIG")) return;
        assert.ok(
          performance.now() - from < LADDER.cancelTimeout + LADDER.killTimeout + SLACK + BORN,
          `${how}: ${performance.now() - from} ms`,
        );
      });
      measured(`slowest of ${ROUNDS} rounds, from the host's end until nobody was left`, slowest);
    },
    { deadline: 20_000 + ROUNDS * 6_000 },
  );

  law(`${method}: what a dead actor had started ends also while its host loops for ever`, async (t) => {
    const env = environment(t, method);
    const tree = new TreeHost(env, { depth: 2 });
    const [top, below] = (await tree.ready()) as [number, number];
    // The host's own template lives as long as the host does.
    const theirs = tree.marked
      .living()
      .filter((one) => one.pid !== tree.program.pid && !(isTemplate(one) && one.ppid === tree.program.pid));
    assert.is(theirs.filter((one) => !isTemplate(one)).length, 4);
    tree.program.send("loop");
    await tree.program.event("looping");
    const from = performance.now();
    killQuietly(top);
    await until("nobody but the host lives", () => theirs.every(({ pid }) => !isAlive(pid)), GONE);
    measured("actor killed below a looping host, until all that it had started is gone", performance.now() - from);
    await until("process 1 has inherited it", () => (processState(below)?.ppid ?? 1) === 1, GONE);
    killQuietly(tree.program.pid);
    await tree.gone();
  });

  law(`${method}: what a dead actor had started ends with a host that never heard of that death`, async (t) => {
    const env = environment(t, method);
    const tree = new TreeHost(env, { depth: 2 });
    const [top] = (await tree.ready()) as [number, number];
    const its = tree.marked.living().filter(({ ppid }) => ppid === top);
    assert.is(its.length, 2);
    // A stopped host is one that dies at the same moment, drawn out.
    tree.program.signal("SIGSTOP");
    await until("the host is stopped", () => processState(tree.program.pid)?.state === "T");
    killQuietly(top);
    // A fork is reaped by its template, which is not stopped.
    await until("the actor is dead", () => !isAlive(top));
    killQuietly(tree.program.pid);
    measured("actor, then stopped host killed, until nobody is left", await tree.gone());
  });

  law(
    `${method}: actors that loop, are stopped or ignore SIGTERM are gone within the default bounds, side by side, each with its exact exit`,
    async (t) => {
      const env = environment(t, method);
      const nursery = await openNursery({ onDeath: "report" });
      t.defer(() => nursery.close());
      const names = ["looping", "stopped", "deaf", "deaf and stopped"] as const;
      const portals = await Promise.all(names.map((name) => nursery.start(cancels, env.options(name))));
      const pids = await Promise.all(portals.map((portal) => portal.call("pid")));
      for (const [index, name] of names.entries()) {
        const portal = portals[index] as (typeof portals)[number];
        if (name.startsWith("deaf")) await portal.call("noteEnd", join(env.directory, name));
        if (name === "looping" || name === "deaf")
          portal.call("loop", join(env.directory, `${name}-loops`)).catch(() => {});
        else portal.call("stop").catch(() => {});
      }
      await until("they are as told", () =>
        [pids[1], pids[3]].every((pid) => processState(pid as number)?.state === "T"),
      );
      const from = performance.now();
      await nursery.cancel("enough");
      const took = performance.now() - from;
      measured("four actors that hear nothing, default bounds", took);
      assert.ok(took < 500 + 1_600 + 500, `${took} ms`);
      for (const [index, portal] of portals.entries()) {
        const exit: Exit = await portal.exited;
        // The last one is continued for SIGTERM, does not hear it, but hears what it had been asked before.
        assert.is(exit.kind, names[index] === "deaf and stopped" ? "cancelled" : "killed", names[index]);
        assert.is(processState(pids[index] as number), undefined);
      }
    },
  );

  law(`${method}: a second SIGINT kills at once, whatever the ladder has left`, async (t) => {
    const env = environment(t, method);
    const slow = { options: { ...env.options(""), cancelTimeout: 60_000, killTimeout: 60_000 }, loops: true };
    const tree = new TreeHost(env, slow);
    await tree.ready();
    tree.program.signal("SIGINT");
    await tree.program.event("ending");
    const from = performance.now();
    tree.program.signal("SIGINT");
    assert.equal(await tree.program.ended, { code: null, signal: "SIGINT" });
    measured("second SIGINT until nobody is left", (await tree.gone(), performance.now() - from));
    assert.ok(performance.now() - from < GONE + SLACK);

    // Beside a listener of the program's own the actors are killed and the program decides about itself.
    const own = new TreeHost(env, { ...slow, signals: true, own: ["SIGINT"] });
    const pids = await own.ready();
    own.program.signal("SIGINT");
    await own.program.event("ending");
    await own.program.event("own");
    own.program.signal("SIGINT");
    await own.program.event("own");
    await until("the actors are gone", () => pids.every((pid) => !isAlive(pid)), GONE + SLACK);
    const { after } = await own.program.event<{ after: number[] }>("over");
    assert.equal(after, [1, 0, 0]);
    own.program.send("leave");
    assert.equal(await own.program.ended, { code: 0, signal: null });
    await own.gone();
  });

  law(
    `${method}: a program's own listener keeps its actors alive, unless the nursery was opened with signals`,
    async (t) => {
      const env = environment(t, method);
      const kept = new TreeHost(env, { depth: 1, own: ["SIGTERM"] });
      const [pid] = (await kept.ready()) as [number];
      kept.program.signal("SIGTERM");
      await kept.program.event("own");
      // Its answer to the next command comes after all that the signal has set off.
      kept.program.send("echo");
      await kept.program.event("echo");
      assert.is(kept.program.told("ending"), false);
      assert.ok(isAlive(pid));
      kept.program.signal("SIGKILL");
      await kept.gone();
    },
  );

  law(
    `${method}: a nursery that was not asked to meet signals outlives the teardown of one that was, also a second signal`,
    async (t) => {
      const env = environment(t, method);
      const tree = new TreeHost(env, {
        options: { ...env.options(""), cancelTimeout: 60_000, killTimeout: 60_000 },
        loops: true,
        depth: 1,
        signals: true,
        own: ["SIGINT"],
        bystander: true,
      });
      const { pids: spared } = await tree.program.event<{ pids: number[] }>("bystander");
      await tree.ready();
      tree.program.signal("SIGINT");
      await tree.program.event("ending");
      await tree.program.event("own");
      tree.program.signal("SIGINT");
      await tree.program.event("torn down");
      assert.is(spared.length, 1);
      assert.ok(isAlive(spared[0] as number));
      killQuietly(tree.program.pid);
      await tree.gone();
    },
  );

  law(
    `${method}: a Worker that ends while its actors are being started leaves no actor and no zombie`,
    async (t) => {
      const env = environment(t, method);
      let slowest = 0;
      await rounds(Math.ceil(ROUNDS / 2), async (pick, within) => {
        const marked = new Marked();
        t.defer(() => marked.endAll());
        const settings = {
          method,
          depth: 2,
          via: pick(["setup", "task"]),
          sleepers: true,
          options: env.options(""),
        } satisfies TreeConfig;
        const owner = new Worker(new URL(import.meta.resolve("#brood/testing/programs/owner.js")), {
          workerData: settings,
          env: { ...process.env, ...marked.env },
        });
        const ended = new Promise((resolve) => owner.once("exit", resolve));
        owner.on("error", () => {});
        // Not before its modules are there: Node leaks the files that a terminated Worker was just reading.
        await new Promise((resolve) => owner.once("message", resolve));
        // Just while it makes a process of its first actor, or at any time until the tree is there.
        await sleep(within(pick([4, 400])));
        marked.living();
        await owner.terminate();
        await ended;
        slowest = Math.max(slowest, await marked.gone(BORN));
        assert.equal(
          marked.zombies().filter(({ ppid }) => ppid === process.pid),
          [],
        );
      });
      measured("slowest Worker terminated while starting, until nobody was left", slowest);
    },
    { deadline: 20_000 + ROUNDS * 3_000 },
  );
}

law.run();
