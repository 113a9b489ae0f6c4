// The child of callers/fork-ipc.ts.
import { add, echo } from "./endpoints.js";
import type { Answer, Request } from "./requests.js";

const endpoints: Record<Request["name"], (...args: any[]) => unknown> = { add, echo };

process.on("message", ({ id, name, args }: Request) => {
  process.send?.({ id, value: endpoints[name](...args) } satisfies Answer);
});
process.send?.("ready");
