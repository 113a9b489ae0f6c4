// A pool of workerpool with as many workers as are asked for, as threads or as processes; all else is its default.
import { fileURLToPath } from "node:url";
import workerpool from "workerpool";
import type { Caller } from "./caller.js";

export async function workerpoolCaller(size: number, workerType: "thread" | "process"): Promise<Caller> {
  const script = fileURLToPath(new URL("../peers/call-workerpool.js", import.meta.url));
  const pool = workerpool.pool(script, { minWorkers: size, maxWorkers: size, workerType });
  return {
    add: (a, b) => Promise.resolve(pool.exec("add", [a, b])),
    echo: (value) => Promise.resolve(pool.exec("echo", [value])),
    async close() {
      await pool.terminate();
    },
  };
}
