// Leaves in every way that there is.
import { readFile } from "node:fs/promises";
import { writeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { defineActor } from "../../actor/index.js";

/** Scavenges and full collections, as a life has them. */
function churn(ms: number): void {
  const until = performance.now() + ms;
  const kept: unknown[] = [];
  while (performance.now() < until) {
    for (let i = 0; i < 2_000; i++) kept.push({ i, text: `x${i}`, list: [i, i + 1] });
    if (kept.length > 200_000) kept.splice(0, 150_000);
  }
}

const later = (body: () => unknown): void => void setTimeout(body, 0);
const deep = (n: number): number => 1 + deep(n + 1);

const WAYS: Readonly<Record<string, () => unknown>> = {
  "exit(0)": () => process.exit(0),
  "exit(7)": () => process.exit(7),
  "exitCode and exit()": () => {
    process.exitCode = 9;
    process.exit();
  },
  "exitCode in a listener": () => {
    process.once("exit", () => (process.exitCode = 11));
    process.exit(1);
  },
  reallyExit: () => (process as unknown as { reallyExit(code: number): never }).reallyExit(5),
  abort: () => process.abort(),
  SIGTERM: () => process.kill(process.pid, "SIGTERM"),
  SIGKILL: () => process.kill(process.pid, "SIGKILL"),
  SIGSEGV: () => process.kill(process.pid, "SIGSEGV"),
  "an error in a callback": () =>
    later(() => {
      throw new RangeError("thrown in a callback");
    }),
  "an error in a tick": () =>
    process.nextTick(() => {
      throw new TypeError("thrown in a tick");
    }),
  "a rejection": () => void Promise.reject(new Error("rejected and left alone")),
  "a value that is no error": () =>
    later(() => {
      // oxlint-disable-next-line no-throw-literal -- that is the way
      throw "a text";
    }),
  "an overflow of the stack": () => later(() => deep(0)),
  "a listener that throws": () =>
    later(() => {
      process.on("exit", () => {
        throw new Error("thrown in a listener of exit");
      });
      process.exit(3);
    }),
  "a listener that throws, of an error": () =>
    later(() => {
      process.on("exit", () => {
        throw new Error("thrown in a listener of exit");
      });
      throw new Error("thrown before");
    }),
  "an error that a listener handles": () => {
    process.on("uncaughtException", () => process.exit(13));
    later(() => {
      throw new Error("handled");
    });
  },
  "after a Worker that was terminated": async () => {
    const worker = new Worker("setInterval(() => {}, 1000)", { eval: true });
    await new Promise((resolve) => worker.once("online", resolve));
    await worker.terminate();
    process.exit(15);
  },
};

export default defineActor({
  ways: () => Object.keys(WAYS),
  async leave(way: string, busy: boolean): Promise<never> {
    // All of them are to run, in their order, and what they write is to arrive.
    process.on("exit", () => writeSync(1, "first listener\n"));
    process.on("exit", (code) => writeSync(1, `second listener ${code}\n`));
    if (busy) {
      await readFile(new URL(import.meta.url));
      churn(120);
    }
    await WAYS[way]?.();
    return new Promise(() => {});
  },
});
