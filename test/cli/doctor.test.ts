// brood doctor says whether actors can be forked, and is right; brood reap finds what a dead host has left, and nothing else.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actor, openNursery } from "brood";
import { until } from "#brood/testing/gate.js";
import { loadForkserver } from "#brood/native/load.js";
import { isAlive } from "#brood/testing/processes.js";
import { Program } from "#brood/testing/program.js";
import { ROOT } from "../harness/checkout.js";
import { suite } from "../harness/law.js";
import { run } from "../harness/run.js";

const law = suite("doctor and reap");
const brood = (args: readonly string[], env: NodeJS.ProcessEnv = process.env): ReturnType<typeof run> =>
  run(join(ROOT, "bin", "brood"), args, { cwd: ROOT, env });

interface Report {
  readonly processes: readonly { readonly pid: number; readonly kind: string; readonly ended: boolean }[];
  readonly files: readonly { readonly path: string; readonly removed: boolean }[];
}

async function reap(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Report> {
  const { code, stdout, stderr } = await brood(["reap", "--json", ...args], env);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Report;
}

law("doctor looks, tries, and agrees with what a start then does", async () => {
  const { code, stdout } = await brood(["doctor", "--json"]);
  const found = JSON.parse(stdout) as {
    forkserver: boolean;
    main_thread_forkserver: boolean;
    checks: { met: boolean; needs: string; found: string }[];
  };
  assert.equal(found.main_thread_forkserver, found.forkserver, stdout);
  assert.equal(code, found.forkserver ? 0 : 1);
  await using nursery = await openNursery();
  const what = actor(new URL(import.meta.resolve("#brood/testing/actors/preloaded.js")));
  const portal = await nursery.start(what, { name: "one", spawn: "forkserver" });
  assert.equal(portal.spawnMethod === "forkserver", found.forkserver);
  for (const { needs, found: seen } of found.checks) assert.ok(needs.length > 0 && seen.length > 0);
  const text = await brood(["doctor"]);
  assert.match(text.stdout, found.forkserver ? /^forkserver works here/m : /^forkserver does not work here/m);
});

law("doctor names what is missing", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "doctor-"));
  t.defer(() => rmSync(directory, { recursive: true }));
  // A Node that says that it is of a version which nobody has tested.
  const other = join(directory, "other.cjs");
  writeFileSync(
    other,
    'Object.defineProperty(process, "versions", { value: { ...process.versions, modules: "999" } });',
  );
  const { code, stdout } = await run(
    process.execPath,
    ["--require", other, join(ROOT, "dist", "cli", "main.js"), "doctor"],
    { cwd: ROOT },
  );
  assert.equal(code, 1);
  assert.match(stdout, /^no {4}Node is one of 20, 22, 24, 26: v\S+, modules 999$/m);
  assert.match(stdout, /^forkserver does not work here/m);
});

law("reap finds nothing after hosts with actors of every kind were killed", async (t) => {
  for (const method of ["forkserver", "exec"]) {
    const program = new Program("tree", { method, depth: 2, via: "setup", sleepers: false });
    t.defer(() => program.signal("SIGKILL"));
    await program.event("ready");
    // While the host lives all of it is held.
    const { processes } = await reap(["--dry-run"]);
    assert.deepEqual(processes, []);
    program.signal("SIGKILL");
    await program.ended;
  }
  await until("all actors are gone", async () => (await reap(["--dry-run"])).processes.length === 0);
});

law("reap finds a process whose lifeline nobody holds, says what it is, and ends it", async (t) => {
  // It has what an actor has, but never came to arm its lifeline: nothing of brood's would live on like that.
  const lifeline = new (loadForkserver().Lifeline)();
  const child = spawn("sleep", ["60"], {
    stdio: ["ignore", "ignore", "ignore", "ignore", lifeline.readFd],
    env: { ...process.env, BROOD_CHANNEL: "left" },
    detached: true,
  });
  lifeline.handedOver();
  const ended = once(child, "exit");
  t.defer(() => child.kill("SIGKILL"));
  assert.deepEqual((await reap(["--dry-run"])).processes, []);
  lifeline.release();
  const found = (await reap(["--dry-run"])).processes;
  assert.deepEqual(found, [{ pid: child.pid, kind: "actor", command: "sleep 60", ended: false }]);
  assert.ok(isAlive(child.pid as number));
  assert.deepEqual((await reap([])).processes, [{ ...found[0], ended: true }]);
  assert.deepEqual(await ended, [null, "SIGKILL"]);
  assert.deepEqual((await reap([])).processes, []);
});

law("reap removes compiled code that a dead process was writing, and no other", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "reap-"));
  t.defer(() => rmSync(directory, { recursive: true }));
  const dead = spawn("true");
  await new Promise((resolve) => dead.once("exit", resolve));
  const [left, live, whole] = [`entry-a.v8.${dead.pid}`, `entry-a.v8.${process.pid}`, "entry-a.v8"];
  for (const name of [left, live, whole]) writeFileSync(join(directory, name), "");
  const env = { ...process.env, BROOD_CACHE_DIR: directory };
  assert.deepEqual((await reap(["--dry-run"], env)).files, [{ path: join(directory, left), removed: false }]);
  assert.deepEqual((await reap([], env)).files, [{ path: join(directory, left), removed: true }]);
  assert.deepEqual((await reap([], env)).files, []);
});

law("a command line that makes no sense is refused with 2, and help is given", async () => {
  for (const args of [["doctor", "--fast"], ["doctor", "me"], ["reap", "--all"], ["reap", "1"], ["cure"]]) {
    const { code, stderr } = await brood(args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, /^brood: /);
  }
  for (const name of ["doctor", "reap"]) {
    const { code, stdout } = await brood([name, "--help"]);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^Usage: brood ${name}`));
  }
});

law.run();
