// wasm-call: a call of a JavaScript actor in wasm with 1 KiB of text, and the same text back.
import type { Caller } from "../callers/caller.js";
import { broodCaller } from "../callers/brood.js";
import { workerThreadsCaller } from "../callers/worker-threads.js";
import type { Contender, Row } from "../harness/row.js";
import { roundTrips } from "./round-trips.js";
import { TEXT } from "./text.js";

const contender = (caller: Promise<Caller>): Promise<Contender> =>
  roundTrips(caller, TEXT, (answer) => answer === TEXT);

export const wasmCall: Row = {
  name: "wasm-call",
  unit: "us",
  what: "round trip of 1 KiB of ASCII text to a JavaScript actor in wasm, one call after the other",
  rounds: 100,
  warmUp: 10,
  samples: 100,
  goals: [{ of: "p50", most: 70 }],
  brood: () => contender(broodCaller("wasm")),
  peers: { worker_threads: () => contender(workerThreadsCaller()) },
};
