// process-pipelined: how many small calls a second, when many are on their way at once.
import { broodCaller } from "../callers/brood.js";
import type { Caller } from "../callers/caller.js";
import { forkIpcCaller } from "../callers/fork-ipc.js";
import { piscinaCaller } from "../callers/piscina.js";
import { workerThreadsCaller } from "../callers/worker-threads.js";
import type { Contender, Row } from "../harness/row.js";

const IN_FLIGHT = 1_000;
/** Calls that each of those in flight is followed by, one after the other. */
const EACH = 5;

async function contender(callers: Promise<Caller>): Promise<Contender> {
  const caller = await callers;
  const chain = async (first: number): Promise<void> => {
    for (let call = first; call < first + EACH; call++) {
      if ((await caller.add(call, 1)) !== call + 1) throw new Error("a wrong sum");
    }
  };
  return {
    async round(samples) {
      const rates: number[] = [];
      for (let sample = 0; sample < samples; sample++) {
        const from = performance.now();
        await Promise.all(Array.from({ length: IN_FLIGHT }, (_, lane) => chain(lane * EACH)));
        rates.push((IN_FLIGHT * EACH * 1_000) / (performance.now() - from));
      }
      return rates;
    },
    close: () => caller.close(),
  };
}

export const processPipelined: Row = {
  name: "process-pipelined",
  unit: "calls/s",
  what: `${IN_FLIGHT * EACH} calls of add(a, b), ${IN_FLIGHT} in flight`,
  rounds: 15,
  warmUp: 3,
  samples: 3,
  goals: [{ peer: "fork-ipc", ratio: 2 }],
  brood: () => contender(broodCaller()),
  peers: {
    // The default; `advanced` is slower here.
    "fork-ipc": () => contender(forkIpcCaller("json")),
    worker_threads: () => contender(workerThreadsCaller()),
    piscina: () => contender(piscinaCaller()),
  },
};
