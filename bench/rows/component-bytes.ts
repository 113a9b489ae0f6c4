// component-bytes: a call of a bare component, in which no JavaScript is, with 64 KiB of bytes, and the same bytes back. The peer
// moves them: a worker that is sent bytes by transfer has them without a copy, and gives them back so.
import type { Caller } from "../callers/caller.js";
import { componentCaller } from "../callers/component.js";
import { workerTransferCaller } from "../callers/worker-transfer.js";
import type { Contender, Row } from "../harness/row.js";
import { roundTrips } from "./round-trips.js";

const BYTES = Uint8Array.from({ length: 64 * 1024 }, (_, index) => (index * 31) % 256);

const contender = (caller: Promise<Caller>): Promise<Contender> =>
  roundTrips(
    caller,
    BYTES.slice(),
    (answer) => answer instanceof Uint8Array && Buffer.compare(answer, BYTES) === 0,
    // What was moved away is not here any more.
    (answer) => answer as typeof BYTES,
  );

export const componentBytes: Row = {
  name: "component-bytes",
  unit: "us",
  what: "round trip of a list<u8> of 64 KiB to a bare component, one call after the other; worker with transfer",
  rounds: 60,
  warmUp: 6,
  samples: 100,
  goals: [{ peer: "worker_threads", ratio: 0.33 }],
  brood: () => contender(componentCaller()),
  peers: { worker_threads: () => contender(workerTransferCaller()) },
};
