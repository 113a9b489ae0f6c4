// wasm-spawn-component: from the start of a bare component, in which no JavaScript is, to the answer of its first call, beside a
// worker thread to its first message. Ending it is part of a sample, not of its time.
import { openNursery } from "brood";
import { plain } from "../callers/component.js";
import { COMPILE_TIMEOUT } from "../harness/built.js";
import type { Contender, Row } from "../harness/row.js";
import { starts } from "./starts.js";
import { workerStarts } from "./worker-starts.js";

async function brood(): Promise<Contender> {
  const nursery = await openNursery({ startTimeout: COMPILE_TIMEOUT });
  return {
    round: (samples) =>
      starts(samples, async () => {
        const from = performance.now();
        const portal = await nursery.start(plain, { name: "plain" });
        const answer = await portal.call("add", 2, 3);
        const ms = performance.now() - from;
        if (answer !== 5) throw new Error(`2 + 3 was answered with ${answer}`);
        return { value: ms, end: () => portal.close() };
      }),
    close: () => nursery.close(),
  };
}

export const wasmSpawnComponent: Row = {
  name: "wasm-spawn-component",
  unit: "ms",
  what: "start of a bare component to the answer of its first add(a, b); worker to its first message",
  rounds: 25,
  warmUp: 5,
  samples: 20,
  goals: [{ peer: "worker_threads", ratio: 80 }],
  brood,
  peers: { worker_threads: workerStarts },
};
