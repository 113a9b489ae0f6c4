// fork-spawn-heavy: the same for an actor that needs the TypeScript compiler, which its template has loaded; the peers load it at
// each start, as they must.
import type { Row } from "../harness/row.js";
import { forkedActors, forkedModules, workerModules } from "./fork-starts.js";

export const forkSpawnHeavy: Row = {
  name: "fork-spawn-heavy",
  unit: "ms",
  what: "start of a forked actor that needs the TypeScript compiler to its first answer; the peers load it",
  rounds: 8,
  warmUp: 1,
  samples: 2,
  goals: [{ peer: "child_process.fork", ratio: 25 }],
  brood: () => forkedActors("heavy"),
  peers: {
    "child_process.fork": () => forkedModules("heavy-fork"),
    worker_threads: () => workerModules("heavy-fork"),
  },
};
