// brood ps and brood tree show live hosts from outside, also one that loops; SIGUSR2 prints the dump, and harms no program.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TreeDump } from "brood";
import type { SeenProcess } from "#brood/cli/hosts.js";
import { until } from "#brood/testing/gate.js";
import { Program } from "#brood/testing/program.js";
import { ROOT } from "../harness/checkout.js";
import { suite, type LawTask } from "../harness/law.js";
import { run } from "../harness/run.js";
import type { ObservedConfig } from "../programs/observed.js";

const law = suite("ps and tree");
const brood = (...args: readonly string[]): ReturnType<typeof run> =>
  run(join(ROOT, "bin", "brood"), args, { cwd: ROOT, env: process.env });

const OBSERVED = new URL("../programs/observed.js", import.meta.url);

interface Seen {
  readonly pid: number;
  readonly dump?: TreeDump;
  readonly processes: SeenProcess;
}

async function host(
  t: LawTask,
  config: ObservedConfig,
): Promise<{ program: Program; actor: number; directory: string }> {
  const directory = mkdtempSync(join(tmpdir(), "observed-"));
  t.defer(() => rmSync(directory, { recursive: true, force: true }));
  const program = new Program(OBSERVED, config, { env: { XDG_RUNTIME_DIR: directory } });
  t.defer(() => program.signal("SIGKILL"));
  const { pid, scopes } = await program.event<{ pid: number; scopes: number }>("ready");
  assert.equal(scopes, 1);
  return { program, actor: pid, directory };
}

for (const method of ["exec", "forkserver"] as const) {
  law(`ps lists a host and its actor, tree what it does, by ${method}; both also of a host that loops`, async (t) => {
    const { program, actor, directory } = await host(t, { method });
    const all = JSON.parse((await brood("ps", "--json")).stdout) as SeenProcess[];
    const mine = all.find(({ pid }) => pid === program.pid);
    assert.ok(mine !== undefined, JSON.stringify(all));
    assert.deepEqual([mine.kind, mine.name], ["host", "observed.js"]);
    const child = mine.children.find(({ pid }) => pid === actor);
    assert.deepEqual([child?.kind, child?.method], ["actor", method === "exec" ? "exec" : "fork"]);
    assert.ok(
      child !== undefined && child.name.startsWith("/") && child.process.memory > 2 ** 20 && child.age < 60_000,
    );

    const text = await brood("tree", String(program.pid));
    assert.equal(text.code, 0, text.stderr);
    assert.match(text.stdout, /nursery observed +open/);
    assert.match(text.stdout, /asks wait #1 +call waiting/);
    assert.match(text.stdout, /runs wait #1 +call running/);
    const [seen] = JSON.parse((await brood("tree", String(program.pid), "--json")).stdout) as Seen[];
    assert.equal(seen?.dump?.scopes[0]?.actors[0]?.pid, actor);
    // Asked by a file, it prints nothing, and nothing of that is left.
    assert.equal(program.stderr, "");
    assert.deepEqual(
      readdirSync(directory).flatMap((name) => readdirSync(join(directory, name))),
      [],
    );

    program.send("loop");
    await program.event("loops");
    const looping = await brood("tree", String(program.pid));
    assert.equal(looping.code, 1);
    assert.match(looping.stdout, /does not answer: it loops, or was stopped/);
    assert.match(looping.stdout, new RegExp(`^observed.js \\(${program.pid}\\) +host .*runs`, "m"));
    assert.match(looping.stdout, new RegExp(`\\(${actor}\\) +actor`));
    assert.equal((await brood("ps", String(program.pid))).code, 0);
  });
}

law("SIGUSR2 prints the dump on standard error while there are nurseries; then nothing listens any more", async (t) => {
  const { program } = await host(t, { method: "exec" });
  program.signal("SIGUSR2");
  await until("it has printed", () => program.stderr.includes("runs wait #1"));
  assert.match(program.stderr, /nursery observed/);
  program.send("close");
  assert.equal((await program.event<{ listening: number }>("closed")).listening, 0);
});

law(
  "a program that listens to SIGUSR2 itself hears it, and nothing is printed; tree asks it all the same",
  async (t) => {
    const { program } = await host(t, { method: "exec", own: true });
    program.signal("SIGUSR2");
    await program.event("own");
    assert.match((await brood("tree", String(program.pid))).stdout, /nursery observed/);
    assert.equal(program.stderr, "");
  },
);

law(
  "a process that would be ended by the question is not asked; one that is not there is said not to be",
  async (t) => {
    const { program, actor } = await host(t, { method: "exec" });
    const { code, stdout } = await brood("tree", String(actor));
    assert.equal(code, 1);
    assert.match(stdout, /listens to nobody/);
    program.send("close");
    await program.event("closed");
    for (const name of ["ps", "tree"]) {
      const gone = await brood(name, "4194304");
      assert.deepEqual([gone.code, gone.stdout], [1, "There is no process 4194304 of this user.\n"]);
    }
  },
);

law("a command line that makes no sense is refused with 2, and help is given", async () => {
  for (const args of [
    ["ps", "me"],
    ["ps", "1", "2"],
    ["tree", "--all"],
    ["tree", "-1"],
  ]) {
    const { code, stderr } = await brood(...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(stderr, /^brood: /);
  }
  for (const name of ["ps", "tree"]) {
    const { code, stdout } = await brood(name, "--help");
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^Usage: brood ${name}`));
  }
});

law.run();
