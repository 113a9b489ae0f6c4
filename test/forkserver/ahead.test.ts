// Where actors are started one after the other, the next is forked before it is asked for. It becomes whoever takes it, in every
// respect; it is nobody's cost but a process for a few seconds, and its end is nobody's concern.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { actor, openNursery, type Nursery } from "brood";
import { rejection, until } from "#brood/testing/gate.js";
import { Marked } from "#brood/testing/marked.js";
import { allProcesses, isAlive, processState } from "#brood/testing/processes.js";
import { runProgram } from "#brood/testing/run-program.js";
import type { Template } from "#brood/spawn/template.js";
import { livingTemplates, retireTemplates } from "#brood/spawn/templates.js";
import { leakCheck } from "../harness/leaks.js";
import { suite, type LawTask } from "../harness/law.js";

const law = suite("forkserver: forked ahead");
const leaks = leakCheck();
const observer = actor<typeof import("#brood/testing/actors/drawer.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/drawer.js")),
);
const CHURN = new URL("./programs/churn.js", import.meta.url);

async function scope(t: LawTask): Promise<Nursery> {
  const nursery = await openNursery({ onDeath: "report" });
  t.defer(() => nursery.cancel());
  return nursery;
}

const template = (): Template => livingTemplates()[0] as Template;
const childrenOf = (pid: number | undefined): number[] =>
  allProcesses()
    .filter(({ ppid, state }) => ppid === pid && state !== "Z")
    .map((one) => one.pid);

/** Starts and ends two actors, and finds who was forked ahead for a third. */
async function ahead(nursery: Nursery): Promise<number> {
  for (let count = 0; count < 2; count++) await nursery.run(observer, "identity", [], { spawn: "forkserver" });
  await until("one is forked ahead, and nobody else is left", () => childrenOf(template().pid).length === 1);
  return childrenOf(template().pid)[0] as number;
}

law.before(async () => {
  await using nursery = await openNursery();
  await nursery.run(observer, "identity", [], { spawn: "forkserver" });
  await nursery.run(observer, "identity", [], { spawn: "exec" });
});
const endAll = async (): Promise<void> => {
  const pids = livingTemplates().flatMap(({ pid }) => [pid as number, ...childrenOf(pid)]);
  retireTemplates();
  await until("they are gone", () => !pids.some(isAlive));
};
law.before.each(async () => {
  await endAll();
  leaks.snapshot();
});
law.after.each(async () => {
  await endAll();
  await leaks.assertSame();
});

law("one start alone has nothing forked ahead; the second of two has, once", async (t) => {
  const nursery = await scope(t);
  const first = await nursery.start(observer, { name: "first", spawn: "forkserver" });
  await first.call("identity");
  // Longer than it would take.
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(childrenOf(template().pid), [first.id.pid]);
  const second = await nursery.start(observer, { name: "second", spawn: "forkserver" });
  await until("one is forked ahead", () => childrenOf(template().pid).length === 3);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(childrenOf(template().pid).length, 3);
  await second.call("identity");
  const many = Array.from({ length: 4 }, () => nursery.start(observer, { name: "one of many", spawn: "forkserver" }));
  await Promise.all(many);
  await until("one is forked ahead", () => childrenOf(template().pid).length === 7);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(childrenOf(template().pid).length, 7);
});

law("the next actor is it, and is what a fresh process with the same options is", async (t) => {
  const nursery = await scope(t);
  const pid = await ahead(nursery);
  const options = { env: { A: "1", PATH: undefined }, cwd: realpathSync(tmpdir()) };
  const fresh = await nursery.run(observer, "identity", [], { ...options, spawn: "exec" });
  const portal = await nursery.start(observer, { name: "observer", ...options, spawn: "forkserver" });
  const found = await portal.call("identity");
  assert.deepEqual([portal.id.pid, found.pid, found.own], [pid, pid, pid]);
  assert.equal(found.title, `brood of ${process.pid}: /observer`.slice(0, found.title.length));
  for (const what of ["env", "cwd", "umask", "execArgv"] as const) assert.deepEqual(found[what], fresh[what], what);
  const kinds = (descriptors: Record<string, string>): string[] =>
    Object.values(descriptors)
      .map((target) => target.replace(/\d+/g, ""))
      .sort();
  const other = await nursery.start(observer, { name: "other", spawn: "forkserver", env: { B: "2" } });
  assert.notEqual(other.id.pid, pid);
  assert.deepEqual(kinds(await portal.call("descriptors")), kinds(await other.call("descriptors")));
});

law("its environment may be larger than any request", async (t) => {
  const nursery = await scope(t);
  const pid = await ahead(nursery);
  const LONG = "x".repeat(5_000_000);
  const portal = await nursery.start(observer, { name: "observer", spawn: "forkserver", env: { LONG } });
  assert.equal(portal.id.pid, pid);
  assert.equal((await portal.call("identity")).env["LONG"], LONG);
});

law("what its siblings draw at random it does not", async (t) => {
  const nursery = await scope(t);
  const seen = new Set<string>();
  for (let round = 0; round < 8; round++) {
    await ahead(nursery);
    const drawn = await nursery.run(observer, "draw", [50], { spawn: "forkserver" });
    for (const [source, values] of Object.entries(drawn))
      for (const value of values) {
        assert.ok(!seen.has(`${source} ${value}`), `${source}: ${value} was drawn twice`);
        seen.add(`${source} ${value}`);
      }
  }
});

law("one that is killed is forgotten: the next start works, and its template goes on", async (t) => {
  const nursery = await scope(t);
  const [pid, from] = [await ahead(nursery), template()];
  process.kill(pid, "SIGKILL");
  await until("it is reaped", () => processState(pid) === undefined);
  const portal = await nursery.start(observer, { name: "observer", spawn: "forkserver" });
  assert.notEqual((await portal.call("identity")).pid, pid);
  assert.equal(template(), from);
});

law("killed in the moment in which it is taken, it fails that start with its end; the next works", async (t) => {
  const nursery = await scope(t);
  const pid = await ahead(nursery);
  process.kill(pid, "SIGSTOP");
  const start = nursery.start(observer, { name: "observer", spawn: "forkserver" });
  process.kill(pid, "SIGKILL");
  assert.match(String(await rejection(start)), /its process was ended by SIGKILL before it said hello/);
  assert.equal((await nursery.start(observer, { name: "observer", spawn: "forkserver" })).spawnMethod, "forkserver");
});

law("a start that is called off ends it", async (t) => {
  const nursery = await scope(t);
  const pid = await ahead(nursery);
  process.kill(pid, "SIGSTOP");
  const signal = AbortSignal.timeout(20);
  await rejection(nursery.start(observer, { name: "observer", spawn: "forkserver", signal }));
  await until("it is reaped", () => !isAlive(pid));
});

law("it ends with its template, whether that dies or retires", async (t) => {
  const nursery = await scope(t);
  for (const end of [() => process.kill(template().pid as number, "SIGKILL"), () => retireTemplates()]) {
    const pid = await ahead(nursery);
    end();
    await until("it is gone", () => !isAlive(pid), 1_000);
  }
  assert.equal((await nursery.start(observer, { name: "next", spawn: "forkserver" })).spawnMethod, "forkserver");
});

law(
  "one that nobody takes for five seconds ends",
  async (t) => {
    const pid = await ahead(await scope(t));
    await until("it is gone", () => !isAlive(pid), 7_000);
    assert.deepEqual(childrenOf(template().pid), []);
  },
  { deadline: 20_000 },
);

law(
  "a program ends by itself though one was forked ahead, and when it is killed nothing is left of it either",
  async (t) => {
    const marked = new Marked();
    t.defer(() => marked.endAll());
    const end = await runProgram(CHURN, [], { env: marked.env, ms: 10_000 });
    assert.deepEqual({ code: end.code, late: end.late, stderr: end.stderr }, { code: 0, late: false, stderr: [] });
    await marked.gone(1_000);
    const host = spawn(process.execPath, [fileURLToPath(CHURN), "stay"], {
      env: { ...process.env, ...marked.env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(host.stdout, "data");
    // It, its template, and one forked ahead.
    await until("all are there", () => marked.living().length === 3);
    host.kill("SIGKILL");
    await once(host, "close");
    await marked.gone(1_000);
  },
);

law.run();
