// The worker of callers/worker-stream.ts. Its data: bytes of a message.
import { parentPort, workerData } from "node:worker_threads";

const message = new Uint8Array(workerData as number).fill(7);
parentPort?.on("message", (count: number) => {
  for (let i = 0; i < count; i++) parentPort?.postMessage(message);
});
