// component-call: a call of a bare component, in which no JavaScript is, with 1 KiB of text, and the same text back.
import type { Caller } from "../callers/caller.js";
import { componentCaller } from "../callers/component.js";
import { workerThreadsCaller } from "../callers/worker-threads.js";
import type { Contender, Row } from "../harness/row.js";
import { roundTrips } from "./round-trips.js";
import { TEXT } from "./text.js";

const contender = (caller: Promise<Caller>): Promise<Contender> =>
  roundTrips(caller, TEXT, (answer) => answer === TEXT);

export const componentCall: Row = {
  name: "component-call",
  unit: "us",
  what: "round trip of a string of 1 KiB to a bare component, one call after the other",
  rounds: 100,
  warmUp: 10,
  samples: 100,
  goals: [{ peer: "worker_threads", ratio: 0.77 }],
  brood: () => contender(componentCaller()),
  peers: { worker_threads: () => contender(workerThreadsCaller()) },
};
