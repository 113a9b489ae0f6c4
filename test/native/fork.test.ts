// Laws of the fork as Node sees it: what a child is, what it has, how its end is told, and what ends with whom.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { ProcessHandle, Thread } from "#brood/native/forkserver.js";
import { loadForkserver } from "#brood/native/load.js";
import { platformName } from "#brood/native/platform.js";
import { templateFlags } from "#brood/spawn/fork-support.js";
import { until } from "#brood/testing/gate.js";
import { isAlive, processState } from "#brood/testing/processes.js";
import { suite } from "../harness/law.js";
import { leakCheck } from "../harness/leaks.js";
import { TestTemplate, type Asked, type TestTemplateOptions } from "./template-host.js";

const law = suite("fork");
const native = loadForkserver();
const leaks = leakCheck();
const full = process.env["BROOD_FULL"] !== undefined;

/** What the child of `asked` is held by. */
async function bornOf(asked: Asked): Promise<ProcessHandle> {
  const born = await asked.born;
  if (born === "closed" || "step" in born) throw new Error(`no child: ${JSON.stringify(born)}`);
  return born;
}

async function withTemplate(
  work: (template: TestTemplate) => Promise<void>,
  options?: TestTemplateOptions,
): Promise<void> {
  const template = new TestTemplate(options);
  try {
    await template.ready();
    await work(template);
  } finally {
    await template.close();
  }
}

law.before(async () => {
  // The first of all starts what then stays.
  await withTemplate(async (template) => void (await template.run("code 0")));
});
law.before.each(() => leaks.snapshot());
law.after.each(() => leaks.assertSame());

law("this machine can fork, and says with what", () => {
  const { reason, glibc, libuv } = native.forkSupport();
  assert.equal(reason, null);
  assert.match(String(glibc), /^2\.\d+/);
  assert.match(String(libuv), /^1\.\d+\.\d+/);
});

law("a template has few threads, and its own is the first", () =>
  withTemplate(async (template) => {
    const { threads } = JSON.parse(template.told[0] as string) as { threads: Thread[] };
    assert.equal(threads[0]?.tid, template.process.pid);
    // libuv's pool of four, because its program is a module.
    assert.ok(threads.length <= 8, JSON.stringify(threads));
    for (const { name, state } of threads) assert.match(`${name} ${state}`, /^.{1,15} [A-Z]$/);
  }),
);

law("the addon starts no thread when it is loaded and asked", () => {
  const program = `
    const count = () => require("node:fs").readdirSync("/proc/self/task").length;
    const before = count();
    const module = { exports: {} };
    process.dlopen(module, process.argv[1]);
    module.exports.forkSupport();
    new module.exports.TemplateHandle();
    console.log(count() - before, module.exports.threads().length - before);`;
  const addon = fileURLToPath(new URL(`../../../npm/${platformName()}/brood-forkserver.node`, import.meta.url));
  const { stdout, stderr } = spawnSync(process.execPath, [...templateFlags(), "-e", program, addon], {
    encoding: "utf8",
  });
  assert.deepEqual([stdout, stderr], ["0 0\n", ""]);
});

law(
  "a child is told who it is, leads a group, blocks no signal, gets no huge pages, and is the first to go when memory is short",
  () =>
    withTemplate(async (template) => {
      const { exited, text, pid } = await template.run("report");
      const found = JSON.parse(text) as {
        pid: number;
        ppid: number;
        seq: number;
        status: string;
        oom: number;
        seed: number[];
      };
      assert.deepEqual([found.pid, found.ppid, found.seq], [pid, template.process.pid, 0]);
      assert.match(found.status, new RegExp(`^NSpid:\t${pid}$`, "m"));
      assert.match(found.status, new RegExp(`^NSpgid:\t${pid}$`, "m"));
      assert.match(found.status, /^SigBlk:\t0+$/m);
      // Kernels before 4.20 do not say.
      assert.match(found.status.match(/^THP_enabled:\t.$/m)?.[0] ?? "0", /0$/);
      const own = Number(readFileSync("/proc/self/oom_score_adj", "utf8"));
      assert.equal(found.oom, Math.min(own + 300, 1000));
      assert.equal(found.seed.length, 32);
      assert.deepEqual([exited.code, exited.signal, exited.core, exited.failure], [0, undefined, false, undefined]);
    }),
);

law("a child has stdio, what it was given, its lifeline, what libuv opens, and null devices; no two share a seed", () =>
  withTemplate(async (template) => {
    const seeds = new Set<string>();
    for (let round = 0; round < 5; round += 1) {
      const { text } = await template.run("report");
      const found = JSON.parse(text) as { descriptors: string[]; given: number[]; seed: number[] };
      seeds.add(String(found.seed));
      const others = found.descriptors
        .map((line) => line.split(" ") as [string, string])
        .filter(([fd]) => Number(fd) > 2 && !found.given.includes(Number(fd)))
        .map(([, link]) => link.replace(/\d+/, ""));
      const count = (kind: string): number => others.filter((link) => link === kind).length;
      // The lifeline; both ends of libuv's lock of signals, and of the pipe through which a loop hears of them.
      assert.ok([3, 5].includes(count("pipe:[]")), found.descriptors.join("\n"));
      assert.equal(count("anon_inode:[eventpoll]"), 1);
      assert.equal(count("anon_inode:[eventfd]"), 1);
      assert.ok(count("/dev/null") <= 4, found.descriptors.join("\n"));
      const known = ["pipe:[]", "anon_inode:[eventpoll]", "anon_inode:[eventfd]", "anon_inode:[io_uring]", "/dev/null"];
      assert.deepEqual(
        others.filter((link) => !known.includes(link)),
        [],
      );
    }
    assert.equal(seeds.size, 5);
  }),
);

law("timers, the thread pool, crypto, signal listeners, processes and sockets work in a child", () =>
  withTemplate(async (template) => {
    for (let round = 0; round < (full ? 50 : 5); round += 1) {
      const { exited, text } = await template.run("works");
      assert.equal(text, "timers, pool, crypto, signals, processes 3, sockets hello");
      assert.equal(exited.code, 0);
    }
  }),
);

law("a child can be the host of a template of its own", () =>
  withTemplate(async (template) => {
    const { exited, text } = await template.run("nested");
    assert.match(text, /^\d+ 0$/);
    assert.equal(exited.code, 0);
  }),
);

law("a template that may open nothing more says so, keeps nothing, and forks again as soon as it may", () =>
  withTemplate(async (template) => {
    await template.run("code 0");
    const pid = template.process.pid as number;
    const open = (): number[] => readdirSync(`/proc/${pid}/fd`).map(Number);
    const limit = (most: number): void => {
      const { status } = spawnSync("prlimit", [`--pid=${pid}`, `--nofile=${most}:`]);
      assert.equal(status, 0);
    };
    const [, before] = /^Max open files +(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8")) ?? [];
    const had = open();
    const steps = new Set<string>();
    const lowest = Array.from({ length: had.length + 1 }, (_, fd) => fd).find((fd) => !had.includes(fd)) as number;
    // From no free number to one too few: a lifeline, a channel, a handle on the child.
    for (let free = 0; free < 3; free += 1) {
      let room = lowest;
      for (let left = free; left > 0 || had.includes(room); room += 1) if (!had.includes(room)) left -= 1;
      limit(room);
      const asked = template.ask("code 0");
      const born = await asked.born;
      assert.ok(typeof born === "object" && "step" in born, `${free} free`);
      assert.equal(born.code, "EMFILE");
      steps.add(born.step);
      assert.equal(await asked.text, "");
      asked.release();
      assert.deepEqual(open(), had);
    }
    assert.deepEqual([...steps], ["receive", "pidfd"]);
    limit(Number(before));
    const { exited } = await template.run("code 7");
    assert.equal(exited.code, 7);
  }),
);

law("every end is told exactly", () =>
  withTemplate(async (template) => {
    for (const code of [0, 1, 2, 42, 70, 127, 255]) {
      const { exited } = await template.run(`code ${code}`);
      assert.deepEqual([exited.code, exited.signal], [code, undefined]);
    }
    for (const [name, number] of [
      ["SIGTERM", 15],
      ["SIGKILL", 9],
      ["SIGHUP", 1],
      ["SIGINT", 2],
    ] as const) {
      const { exited } = await template.run(`signal ${name}`);
      assert.deepEqual([exited.code, exited.signal], [undefined, number]);
    }
  }),
);

law("what is said to threads that are not there any more never lands in a file of the child's", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "fork-files-"));
  t.defer(() => rmSync(directory, { recursive: true }));
  await withTemplate(async (template) => {
    const asked = template.ask(`files ${directory} 64`);
    const handle = await bornOf(asked);
    await asked.spoke;
    // Node's own exit waits for a thread that is not there, and for ever: asleep, or over, it has said what it says.
    const { pid } = handle;
    await until("it has come to rest", () => {
      const state = processState(pid)?.state ?? "Z";
      return state === "Z" || (state === "S" && readFileSync(`/proc/${pid}/wchan`, "utf8").startsWith("futex"));
    });
    asked.release();
    await asked.exited;
    handle.close();
  });
  const names = readdirSync(directory);
  assert.equal(names.length, 64);
  for (const name of names) assert.equal(readFileSync(join(directory, name), "utf8"), `${name}\n`);
});

law("hundreds of forks leave host and template with what they had", () =>
  withTemplate(async (template) => {
    const open = (): number => readdirSync(`/proc/${template.process.pid}/fd`).length;
    await template.run("code 0");
    const before = open();
    for (let number = 0; number < (full ? 1_000 : 200); number += 1) {
      const { exited } = await template.run(`code ${number % 256}`);
      assert.equal(exited.code, number % 256);
    }
    assert.equal(open(), before);
  }),
);

law("many at once are each told of", () =>
  withTemplate(async (template) => {
    const ends = await Promise.all(Array.from({ length: 50 }, (_, number) => template.run(`code ${number}`)));
    assert.deepEqual(
      ends.map(({ exited }) => exited.code),
      ends.map((_, number) => number),
    );
  }),
);

law(
  "the end of a lifeline ends a busy child; the end of the handle ends the template and all its children",
  async () => {
    const template = await new TestTemplate().ready();
    const first = template.ask("busy");
    const second = template.ask("busy");
    const third = template.ask("stay");
    const handles = await Promise.all([first, second, third].map(bornOf));
    await Promise.all([first, second, third].map((asked) => asked.spoke));
    first.release();
    const { signal } = await first.exited;
    assert.equal(signal, 9);
    const since = performance.now();
    await template.close();
    assert.equal(template.process.exitCode, 0);
    await Promise.all([second.text, third.text]);
    assert.ok(performance.now() - since < 1_000);
    for (const handle of handles) {
      assert.equal(isAlive(handle.pid), false);
      handle.close();
    }
    for (const asked of [second, third]) asked.release();
  },
);

law(
  "a template that is killed takes no child along; what was asked for fails, and the ends of the others are seen",
  async () => {
    const template = await new TestTemplate().ready();
    const running = template.ask("stay");
    const handle = await bornOf(running);
    await running.spoke;
    template.process.kill("SIGSTOP");
    const pending = template.ask("code 0");
    template.process.kill("SIGKILL");
    assert.equal(await pending.born, "closed");
    pending.release();
    assert.deepEqual(template.closed, { kind: "closed" });
    assert.throws(() => template.ask("code 0"), { code: "EPIPE" });
    assert.equal(isAlive(handle.pid), true);
    const { pid } = handle;
    running.release();
    await running.text;
    await until("it is gone", () => !isAlive(pid));
    const status = handle.exitStatus();
    if (native.support().exitInfo && status !== null) assert.equal(status.signal, 9);
    handle.close();
    await template.close();
  },
);

law("a stopped template makes nobody wait: requests are refused when it has taken none for a while", async () => {
  const template = await new TestTemplate().ready();
  template.process.kill("SIGSTOP");
  const asked: Asked[] = [];
  assert.throws(
    () => {
      for (let number = 0; number < 10_000; number += 1) asked.push(template.ask(`code 1 ${"x".repeat(30_000)}`));
    },
    { code: "EAGAIN" },
  );
  // Nobody waits for the last of them any more: it is never started.
  const last = asked.pop() as Asked;
  last.release();
  template.process.kill("SIGCONT");
  assert.deepEqual(await last.born, { step: "lifeline", code: "ECANCELED" });
  for (const one of asked) {
    (await bornOf(one)).close();
    assert.equal((await one.exited).code, 1);
    one.release();
  }
  await template.close();
});

law("a template that still loads when its host lets go ends as soon as it would serve", async () => {
  const template = new TestTemplate();
  await template.close();
  assert.notEqual(template.process.exitCode, null);
});

law("a Worker that ends takes its template and its children along", async () => {
  const worker = new Worker(new URL("./fork.worker.js", import.meta.url));
  const [pids] = (await once(worker, "message")) as [number[]];
  for (const pid of pids) assert.equal(isAlive(pid), true);
  await worker.terminate();
  await until("all are gone", () => pids.every((pid) => !isAlive(pid)), 1_000);
});

/** The living processes whose environment names `mark`: a template's, and those of all that it has forked. */
function marked(mark: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && isAlive(Number(name)))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(mark);
      } catch {
        return false;
      }
    })
    .map(Number);
}

law(
  "a template that is killed while it forks leaves nobody whose lifeline has ended, and each request has its answer",
  async () => {
    for (let round = 0; round < (full ? 40 : 8); round += 1) {
      const mark = `FORK_LAW=${randomUUID()}`;
      const [name, value] = mark.split("=") as [string, string];
      const template = await new TestTemplate({ env: { ...process.env, [name]: value } }).ready();
      const asked = Array.from({ length: 12 }, (_, number) => template.ask(number % 2 === 0 ? "stay" : "code 3"));
      // A different moment each time, within the forks that were asked for; a fork takes about a millisecond.
      await new Promise((resolve) => setTimeout(resolve, round % 8));
      template.process.kill("SIGKILL");
      for (const one of asked) {
        const born = await one.born;
        if (typeof born === "object" && "pid" in born) born.close();
        else assert.equal(born, "closed");
        one.release();
      }
      await until("nobody is left", () => marked(mark).length === 0, 1_000);
      await template.close();
    }
  },
);

law("the kill of a host, at whatever moment, leaves no template and no child after a second", async () => {
  for (let round = 0; round < (full ? 40 : 6); round += 1) {
    const mark = `FORK_LAW=${randomUUID()}`;
    const [name, value] = mark.split("=") as [string, string];
    const program = fileURLToPath(new URL("./fork-host.js", import.meta.url));
    const host = spawn(process.execPath, [program], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, [name]: value },
    });
    const gone = once(host, "exit");
    // While its template starts; then while it forks.
    if (round % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 60 + round * 10));
    else {
      await once(host.stdout, "data");
      await new Promise((resolve) => setTimeout(resolve, round * 7));
    }
    host.kill("SIGKILL");
    await gone;
    await until("nobody is left", () => marked(mark).length === 0, 1_000);
  }
});

law("what is wrong with an argument is said by its code", async () => {
  const handle = new native.TemplateHandle();
  const lifeline = new native.Lifeline();
  const good = {
    seq: 0,
    payload: new Uint8Array(0),
    lifeline: lifeline.readFd,
    stdio: [-1, -1, -1] as [number, number, number],
    descriptors: [] as number[],
  };
  const refused = (more: object, code: string): void =>
    assert.throws(() => handle.fork({ ...good, ...more }), { code }, JSON.stringify(more));
  for (const seq of [-1, 0.5, Number.NaN, 2 ** 32]) refused({ seq }, "EINVAL");
  refused({ payload: new Uint8Array(65_537) }, "EMSGSIZE");
  refused({ descriptors: Array.from({ length: 33 }, () => 2) }, "EMSGSIZE");
  refused({ stdio: [0, 1] }, "EINVAL");
  for (const fd of [-2, Number.NaN, 1.5]) {
    refused({ lifeline: fd }, "EINVAL");
    refused({ descriptors: [fd] }, "EINVAL");
    refused({ stdio: [fd, -1, -1] }, "EINVAL");
  }
  refused({ lifeline: 1_000_000 }, "EBADF");
  handle.fork(good);
  refused({}, "EINVAL");
  assert.throws(() => handle.watch(Number.NaN), { code: "EINVAL" });
  assert.ok(handle.templateFd > 2);
  handle.handedOver();
  assert.equal(handle.templateFd, -1);
  assert.deepEqual(handle.receive(), [{ kind: "closed" }]);
  handle.close();
  handle.close();
  assert.throws(() => handle.receive(), { code: "EBADF" });
  refused({ seq: 1 }, "EBADF");
  assert.throws(() => handle.watch(1), { code: "EBADF" });
  lifeline.release();
  assert.throws(() => native.serve(2), { code: "EINVAL" });
  assert.throws(() => native.serve(1_000_000), { code: "EINVAL" });
  assert.throws(() => native.serve(Number.NaN), { code: "EINVAL" });
  assert.throws(() => native.tell(1_000_000, new Uint8Array(1)), { code: "EBADF" });
});

law.run();
