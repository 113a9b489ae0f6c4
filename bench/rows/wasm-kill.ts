// wasm-kill: a JavaScript actor in wasm that is busy for ever is killed and gone, beside the same of a worker thread. Starting them,
// and waiting until they are busy, is part of a sample, not of its time.
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { actor, openNursery } from "brood";
import { built, COMPILE_TIMEOUT } from "../harness/built.js";
import type { Contender, Row } from "../harness/row.js";
import { repeated } from "../harness/samples.js";

const MODULE = new URL("../actors/busy.js", import.meta.url);
const busy = actor<typeof import("../actors/busy.js")>(MODULE);
/** From the message that makes them busy until they surely are, in ms. */
const UNTIL_BUSY = 10;

async function contender(one: () => Promise<number>, close: () => Promise<void> = async () => {}): Promise<Contender> {
  return {
    round: (samples) => repeated(samples, one),
    close,
  };
}

async function brood(): Promise<Contender> {
  await built(MODULE);
  const nursery = await openNursery({ startTimeout: COMPILE_TIMEOUT });
  return contender(
    async () => {
      const portal = await nursery.start(busy, { name: "busy", spawn: "wasm" });
      const call = portal.call("spin").then(
        () => "answered",
        () => "lost",
      );
      await setTimeout(UNTIL_BUSY);
      const from = performance.now();
      const { kind } = await portal.kill();
      const ms = performance.now() - from;
      if (kind !== "killed" || (await call) !== "lost") throw new Error(`the exit of a killed actor is ${kind}`);
      return ms;
    },
    () => nursery.close(),
  );
}

async function worker(): Promise<Contender> {
  return contender(async () => {
    const worker = new Worker(new URL("../peers/busy-worker.js", import.meta.url));
    await once(worker, "message");
    worker.postMessage("spin");
    await setTimeout(UNTIL_BUSY);
    const from = performance.now();
    const code = await worker.terminate();
    const ms = performance.now() - from;
    if (code !== 1) throw new Error(`the exit code of a terminated worker is ${code}`);
    return ms;
  });
}

export const wasmKill: Row = {
  name: "wasm-kill",
  unit: "ms",
  what: "a busy JavaScript actor in wasm killed and gone; a busy worker terminated",
  rounds: 25,
  warmUp: 2,
  samples: 8,
  goals: [{ of: "p99", most: 2 }],
  brood,
  peers: { worker_threads: worker },
};
