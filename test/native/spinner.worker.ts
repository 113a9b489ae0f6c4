// Runs in a Worker: starts processes on lifelines as fast as its loop turns, until somebody ends it.
import { spawn } from "node:child_process";
import { parentPort, workerData } from "node:worker_threads";
import { loadForkserver } from "#brood/native/load.js";

const { most } = workerData as { most: number };
const native = loadForkserver();
const kept: unknown[] = [];
native.onExit(() => {});
// From here on: a Worker that is terminated while Node still reads its module leaks that file's descriptor, which is Node's.
parentPort?.postMessage("spinning");

let started = 0;
const next = (): void => {
  const lifeline = new native.Lifeline();
  const child = spawn("/bin/sleep", ["1000"], {
    detached: true,
    stdio: ["ignore", "ignore", "ignore", lifeline.readFd],
  });
  lifeline.handedOver();
  const handle = native.ProcessHandle.open(child.pid as number);
  handle.watch(started);
  kept.push(lifeline, handle);
  started += 1;
  if (started < most) setImmediate(next);
};
next();
setInterval(() => {}, 1_000_000);
