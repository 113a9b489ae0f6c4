// The worker of callers/worker-threads.ts.
import { parentPort } from "node:worker_threads";
import { add, echo } from "./endpoints.js";
import type { Answer, Request } from "./requests.js";

const endpoints: Record<Request["name"], (...args: any[]) => unknown> = { add, echo };

parentPort?.on("message", ({ id, name, args }: Request) => {
  parentPort?.postMessage({ id, value: endpoints[name](...args) } satisfies Answer);
});
