// component-pipelined: how many small calls a second a bare component answers, in which no JavaScript is.
import { componentCaller } from "../callers/component.js";
import { workerThreadsCaller } from "../callers/worker-threads.js";
import type { Row } from "../harness/row.js";
import { AT_ONCE, CALLS } from "./at-once.js";
import { pipelined } from "./pipelined.js";

export const componentPipelined: Row = {
  name: "component-pipelined",
  unit: "calls/s",
  what: `${CALLS} calls of add(a, b) of a bare component, ${AT_ONCE} in flight`,
  rounds: 15,
  warmUp: 3,
  samples: 3,
  goals: [{ peer: "worker_threads", ratio: 1.5 }],
  brood: () => pipelined(componentCaller()),
  peers: { worker_threads: () => pipelined(workerThreadsCaller()) },
};
