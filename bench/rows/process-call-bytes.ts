// process-call-bytes: a call with 1 KiB of bytes, and the same bytes back.
import { broodCaller } from "../callers/brood.js";
import type { Caller } from "../callers/caller.js";
import { forkIpcCaller } from "../callers/fork-ipc.js";
import { piscinaCaller } from "../callers/piscina.js";
import { workerThreadsCaller } from "../callers/worker-threads.js";
import type { Contender, Row } from "../harness/row.js";
import { roundTrips } from "./round-trips.js";

const BYTES = Uint8Array.from({ length: 1024 }, (_, index) => (index * 31) % 256);

const contender = (caller: Promise<Caller>): Promise<Contender> =>
  roundTrips(caller, BYTES, (answer) => answer instanceof Uint8Array && Buffer.compare(answer, BYTES) === 0);

export const processCallBytes: Row = {
  name: "process-call-bytes",
  unit: "us",
  what: "round trip of a Uint8Array of 1 KiB, one call after the other",
  rounds: 100,
  warmUp: 10,
  samples: 100,
  goals: [
    { peer: "fork-ipc", ratio: 0.77 },
    { peer: "piscina", ratio: 1 },
  ],
  brood: () => contender(broodCaller("exec")),
  peers: {
    // JSON carries no bytes.
    "fork-ipc": () => contender(forkIpcCaller("advanced")),
    worker_threads: () => contender(workerThreadsCaller()),
    piscina: () => contender(piscinaCaller()),
  },
};
