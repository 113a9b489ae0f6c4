// wasm-spawn: from the start of a JavaScript actor in wasm to its first answer, beside a worker thread to its first message. The
// actor is one of defineActor, with the prelude that ships. Ending it is part of a sample, not of its time.
import { actor, openNursery } from "brood";
import { built, COMPILE_TIMEOUT } from "../harness/built.js";
import type { Contender, Row } from "../harness/row.js";
import { starts } from "./starts.js";
import { workerStarts } from "./worker-starts.js";

const MODULE = new URL("../actors/tiny.js", import.meta.url);
const tiny = actor<typeof import("../actors/tiny.js")>(MODULE);

async function brood(): Promise<Contender> {
  await built(MODULE);
  const nursery = await openNursery({ startTimeout: COMPILE_TIMEOUT });
  return {
    round: (samples) =>
      starts(samples, async () => {
        const from = performance.now();
        const portal = await nursery.start(tiny, { name: "tiny", spawn: "wasm" });
        const answer = await portal.call("ping");
        const ms = performance.now() - from;
        if (answer !== "pong") throw new Error(`ping was answered with ${answer}`);
        return { value: ms, end: () => portal.close() };
      }),
    close: () => nursery.close(),
  };
}

export const wasmSpawn: Row = {
  name: "wasm-spawn",
  unit: "ms",
  what: "start of a tiny JavaScript actor in wasm to its first answer; worker to its first message",
  rounds: 25,
  warmUp: 5,
  samples: 20,
  goals: [
    { peer: "worker_threads", ratio: 35 },
    { of: "p99", most: 2 },
  ],
  brood,
  peers: { worker_threads: workerStarts },
};
