// process-pipelined: how many small calls a second, when many are on their way at once.
import { broodCaller } from "../callers/brood.js";
import { forkIpcCaller } from "../callers/fork-ipc.js";
import { piscinaCaller } from "../callers/piscina.js";
import { workerThreadsCaller } from "../callers/worker-threads.js";
import type { Row } from "../harness/row.js";
import { AT_ONCE, CALLS } from "./at-once.js";
import { pipelined } from "./pipelined.js";

export const processPipelined: Row = {
  name: "process-pipelined",
  unit: "calls/s",
  what: `${CALLS} calls of add(a, b), ${AT_ONCE} in flight`,
  rounds: 15,
  warmUp: 3,
  samples: 3,
  goals: [{ peer: "fork-ipc", ratio: 2 }],
  brood: () => pipelined(broodCaller("exec")),
  peers: {
    // The default; `advanced` is slower here.
    "fork-ipc": () => pipelined(forkIpcCaller("json")),
    worker_threads: () => pipelined(workerThreadsCaller()),
    piscina: () => pipelined(piscinaCaller()),
  },
};
