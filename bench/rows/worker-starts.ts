// A worker thread from its start to its first message: the peer of actors that start in this process.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Contender } from "../harness/row.js";
import { starts } from "./starts.js";

export async function workerStarts(): Promise<Contender> {
  return {
    round: (samples) =>
      starts(samples, async () => {
        const from = performance.now();
        const worker = new Worker(new URL("../peers/tiny-worker.js", import.meta.url));
        const [message] = await once(worker, "message");
        const ms = performance.now() - from;
        if (message !== "ready") throw new Error(`the first message is ${message}`);
        return { value: ms, end: () => worker.terminate() };
      }),
    close: async () => {},
  };
}
