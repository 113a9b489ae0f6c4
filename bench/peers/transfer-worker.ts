// The worker of callers/worker-transfer.ts: bytes move there and back.
import { parentPort } from "node:worker_threads";
import { add, echo } from "./endpoints.js";
import type { Answer, Request } from "./requests.js";

const endpoints: Record<Request["name"], (...args: any[]) => unknown> = { add, echo };

parentPort?.on("message", ({ id, name, args }: Request) => {
  const value = endpoints[name](...args);
  parentPort?.postMessage(
    { id, value } satisfies Answer,
    value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : [],
  );
});
