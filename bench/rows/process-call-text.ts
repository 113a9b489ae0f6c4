// process-call-text: a call with 1 KiB of text, and the same text back.
import { broodCaller } from "../callers/brood.js";
import type { Caller } from "../callers/caller.js";
import { forkIpcCaller } from "../callers/fork-ipc.js";
import { piscinaCaller } from "../callers/piscina.js";
import { workerThreadsCaller } from "../callers/worker-threads.js";
import type { Contender, Row } from "../harness/row.js";
import { roundTrips } from "./round-trips.js";
import { TEXT } from "./text.js";

const contender = (caller: Promise<Caller>): Promise<Contender> =>
  roundTrips(caller, TEXT, (answer) => answer === TEXT);

export const processCallText: Row = {
  name: "process-call-text",
  unit: "us",
  what: "round trip of 1 KiB of ASCII text, one call after the other",
  rounds: 100,
  warmUp: 10,
  samples: 100,
  goals: [
    { peer: "fork-ipc", ratio: 0.77 },
    { peer: "piscina", ratio: 1 },
  ],
  brood: () => contender(broodCaller("exec")),
  peers: {
    // The default; `advanced` is slower here.
    "fork-ipc": () => contender(forkIpcCaller("json")),
    worker_threads: () => contender(workerThreadsCaller()),
    piscina: () => contender(piscinaCaller()),
  },
};
