// Runs in a Worker: starts actors of a component that compute for ever, says so, and stays until somebody ends it.
import { parentPort, workerData } from "node:worker_threads";
import { EngineEvent } from "#brood/native/engine.js";
import { loadEngine } from "#brood/native/load.js";

const { bytes, actors } = workerData as { bytes: Uint8Array; actors: number };
const engine = loadEngine();
const limits = { memory: 16 << 20, cpu: 0, cpuTotal: 0, wall: 0, output: 0 };
let running = 0;
engine.onWake(() => {
  const events = engine.drain();
  for (let at = 0; at < events.length; at += 4) {
    if (events[at] === EngineEvent.Loaded) {
      for (let actor = 1; actor <= actors; actor++) {
        engine.start(actor, events[at + 2] as number, limits, 10_000, null);
        engine.call(actor, 1, "spin", []);
      }
    }
    if (events[at] === EngineEvent.Started && ++running === actors) parentPort?.postMessage("running");
  }
});
engine.load(1, null, bytes, false);
setInterval(() => {}, 1_000_000);
