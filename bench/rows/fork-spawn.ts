// fork-spawn: from the start of a forked actor to its first answer, beside `fork` and a worker thread to their first message. The
// actor's module, an ES module of a few lines, is imported after the fork. Ending it is part of a sample, not of its time.
import type { Row } from "../harness/row.js";
import { forkedActors, forkedModules, workerModules } from "./fork-starts.js";

/** What a fork must reach depends on how fast this Node starts by itself. */
const TWENTY = process.version.startsWith("v20.");

export const forkSpawn: Row = {
  name: "fork-spawn",
  unit: "ms",
  what: "start of a tiny forked actor to its first answer; fork and a worker to their first message",
  rounds: 20,
  warmUp: 2,
  samples: 3,
  goals: TWENTY
    ? [{ peer: "child_process.fork", ratio: 12 }]
    : [
        { peer: "child_process.fork", ratio: 8 },
        { of: "p50", most: 6 },
      ],
  brood: () => forkedActors("tiny"),
  peers: {
    "child_process.fork": () => forkedModules("tiny-fork"),
    worker_threads: () => workerModules("tiny-worker"),
  },
};
