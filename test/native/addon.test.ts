// Laws of the addon as Node sees it: handles, the watcher, and what the end of a Worker leaves.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { loadForkserver } from "#brood/native/load.js";
import { until } from "#brood/testing/gate.js";
import { allProcesses } from "#brood/testing/processes.js";
import { suite } from "../harness/law.js";
import { leakCheck } from "../harness/leaks.js";

const law = suite("addon");
const native = loadForkserver();
const leaks = leakCheck();
const full = process.env["BROOD_FULL"] !== undefined;

const reported: number[] = [];
native.onExit((ids) => void reported.push(...ids));

const sleeper = (seconds = "1000") => spawn("/bin/sleep", [seconds], { detached: true, stdio: "ignore" });
const children = () => allProcesses().filter(({ ppid }) => ppid === process.pid);

law.before(async () => {
  const child = sleeper("0");
  await once(child, "exit");
});
law.before.each(() => {
  reported.length = 0;
  leaks.snapshot();
});
law.after.each(() => leaks.assertSame());

law("the addon is of the package's version and says what this system can do", () => {
  assert.match(native.version(), /^\d+\.\d+\.\d+/);
  const support = native.support();
  assert.equal(typeof support.pidfd, "boolean");
  assert.ok(["kernel", "thread"].includes(support.lifeline));
});

law("a hundred watched processes are each reported exactly once", async () => {
  const ones = Array.from({ length: 100 }, (_, id) => {
    const child = sleeper();
    const handle = native.ProcessHandle.open(child.pid as number);
    handle.watch(id);
    return { child, handle };
  });
  const gone = ones.map(({ child }) => once(child, "exit"));
  for (const { handle } of ones) assert.equal(handle.signal(9), true);
  await Promise.all(gone);
  await until("all exits are reported", () => reported.length >= 100);
  assert.deepEqual(
    reported.toSorted((a, b) => a - b),
    Array.from({ length: 100 }, (_, id) => id),
  );
  for (const { handle } of ones) handle.close();
});

law("a handle never signals a process that is gone", async () => {
  const child = sleeper();
  const handle = native.ProcessHandle.open(child.pid as number);
  const gone = once(child, "exit");
  assert.equal(handle.signal(15), true);
  await gone;
  assert.equal(handle.signal(9), false);
  assert.equal(handle.signalGroup(9), false);
  handle.close();
  assert.throws(() => handle.signal(0), { code: "EBADF" });
});

law("a handle that was closed reports nothing", async () => {
  const child = sleeper();
  const handle = native.ProcessHandle.open(child.pid as number);
  handle.watch(1);
  handle.close();
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
  const other = sleeper("0");
  const second = native.ProcessHandle.open(other.pid as number);
  second.watch(2);
  await until("the second is reported", () => reported.includes(2));
  assert.deepEqual(reported, [2]);
  second.close();
});

law("what is wrong with an argument is said by its code", () => {
  assert.throws(() => native.ProcessHandle.open(2 ** 22 + 1), { code: "ESRCH" });
  assert.throws(() => native.armLifeline(0), { code: "EINVAL" });
});

law(
  "a Worker that ends leaves no process, no zombie and no descriptor, at whatever moment it ends",
  async () => {
    const rounds = full ? 100 : 12;
    for (let round = 0; round < rounds; round += 1) {
      const worker = new Worker(new URL("./spinner.worker.js", import.meta.url), { workerData: { most: 6 } });
      await once(worker, "message");
      // A different moment each time, in turns of the loop and not in time.
      for (let turn = 0; turn < round % 12; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      await worker.terminate();
    }
    await until("no child is left", () => children().length === 0);
  },
  { deadline: 60_000 },
);

law.run();
