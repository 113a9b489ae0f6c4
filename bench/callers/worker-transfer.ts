// A worker thread that bytes are moved to, and not copied: whoever sends them has them no more, until they come back.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Requests, type Answer } from "../peers/requests.js";
import type { Caller } from "./caller.js";

export async function workerTransferCaller(): Promise<Caller> {
  const worker = new Worker(new URL("../peers/transfer-worker.js", import.meta.url));
  await once(worker, "online");
  const requests = new Requests((request) => {
    const moved = request.args.flatMap((arg) => (arg instanceof Uint8Array ? [arg.buffer as ArrayBuffer] : []));
    worker.postMessage(request, moved);
  });
  worker.on("message", (answer: Answer) => requests.answered(answer));
  return {
    add: (a, b) => requests.call("add", a, b),
    echo: (value) => requests.call("echo", value),
    async close() {
      await worker.terminate();
    },
  };
}
