// A worker thread and messages with numbers.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Requests, type Answer } from "../peers/requests.js";
import type { Caller } from "./caller.js";

export async function workerThreadsCaller(): Promise<Caller> {
  const worker = new Worker(new URL("../peers/call-worker.js", import.meta.url));
  await once(worker, "online");
  const requests = new Requests((request) => worker.postMessage(request));
  worker.on("message", (answer: Answer) => requests.answered(answer));
  return {
    add: (a, b) => requests.call("add", a, b),
    echo: (value) => requests.call("echo", value),
    async close() {
      await worker.terminate();
    },
  };
}
