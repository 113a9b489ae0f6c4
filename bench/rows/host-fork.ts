// host-fork-*: a program that forks itself, with a heap of 0, 50 and 200 MB: from the start of the actor to its first answer, out of what the
// program has in memory; how long the program stood still for it; and what memory the actor has of its own when it has read
// everything. Beside it a worker thread that is given a structured clone of the same, and with nothing in memory also `fork`.
import { beside } from "../harness/beside.js";
import type { Contender, Row } from "../harness/row.js";
import { forkedModules } from "./fork-starts.js";

/** What a fork must reach depends on how fast this Node starts by itself. */
const TWENTY = process.version.startsWith("v20.");
/** The worker with a clone, in the table. */
const CLONE = "worker + structuredClone";

type What = "spawn" | "pause" | "memory";

const live = (what: What, mb: number): Promise<Contender> =>
  beside("brood run", new URL("../programs/live-host.js", import.meta.url), [what, mb]);
const cloned = (what: What, mb: number): Promise<Contender> =>
  beside("node", new URL("../programs/worker-host.js", import.meta.url), [what, mb]);

const spawn = (
  name: string,
  mb: number,
  more: Pick<Row, "rounds" | "warmUp" | "samples" | "goals" | "peers">,
): Row => ({
  name,
  unit: "ms",
  what: `start of a fork of a program with ${mb} MB in memory, to its first answer`,
  ...more,
  brood: () => live("spawn", mb),
  peers: { ...more.peers, [CLONE]: () => cloned("spawn", mb) },
});

export const hostForkRows: readonly Row[] = [
  spawn("host-fork-spawn", 0, {
    rounds: 20,
    warmUp: 2,
    samples: 3,
    goals: [
      { of: "p50", most: 8 },
      { peer: "child_process.fork", ratio: TWENTY ? 10 : 6 },
    ],
    peers: { "child_process.fork": () => forkedModules("tiny-fork") },
  }),
  spawn("host-fork-spawn-50", 50, { rounds: 8, warmUp: 1, samples: 3, goals: [], peers: {} }),
  spawn("host-fork-spawn-200", 200, {
    rounds: 6,
    warmUp: 1,
    samples: 2,
    goals: [{ peer: CLONE, ratio: 20 }],
    peers: {},
  }),
  {
    name: "host-fork-pause",
    unit: "ms",
    what: "how long a program with 200 MB in memory stands still to fork itself, or to clone it for a worker",
    rounds: 6,
    warmUp: 1,
    samples: 3,
    goals: [{ of: "p50", most: 15 }],
    brood: () => live("pause", 200),
    peers: { [CLONE]: () => cloned("pause", 200) },
  },
  {
    name: "host-fork-memory",
    unit: "KiB",
    what: "memory of its own that a fork of a program with 200 MB has when it has read all of it",
    rounds: 3,
    warmUp: 0,
    samples: 1,
    goals: [],
    brood: () => live("memory", 200),
    peers: { [CLONE]: () => cloned("memory", 200) },
  },
];
