// wasm-pipelined: how many small calls a second a JavaScript actor in wasm answers.
import { broodCaller } from "../callers/brood.js";
import { workerThreadsCaller } from "../callers/worker-threads.js";
import type { Row } from "../harness/row.js";
import { AT_ONCE, CALLS } from "./at-once.js";
import { pipelined } from "./pipelined.js";

export const wasmPipelined: Row = {
  name: "wasm-pipelined",
  unit: "calls/s",
  what: `${CALLS} calls of add(a, b) of a JavaScript actor in wasm, ${AT_ONCE} in flight`,
  rounds: 15,
  warmUp: 3,
  samples: 3,
  goals: [{ of: "p50", least: 25_000 }],
  brood: () => pipelined(broodCaller("wasm")),
  peers: { worker_threads: () => pipelined(workerThreadsCaller()) },
};
