// fork-memory: what an idle forked actor takes in memory after one call, beside an idle process of `fork`; bare, and with the TypeScript
// compiler loaded. Each sample is a host of its own; shared pages count by share (PSS).
import { apart } from "../harness/apart.js";
import type { Contender, Row } from "../harness/row.js";
import type { IdleProcesses } from "../programs/idle-processes.js";

/** Alive at once. */
const COUNT = 20;
/** Of `fork` with the compiler, each takes 50 MiB and half a second. */
const HEAVY_FORKS = 8;

async function contender(how: "actor" | "fork", which: "tiny" | "heavy", count: number): Promise<Contender> {
  const program = new URL("../programs/idle-processes.js", import.meta.url);
  return {
    async round(samples) {
      const sizes: number[] = [];
      for (let sample = 0; sample < samples; sample++)
        sizes.push((await apart<IdleProcesses>(program, [how, which, count])).pss);
      return sizes;
    },
    close: async () => {},
  };
}

const row = (name: string, which: "tiny" | "heavy", what: string, ratio: number): Row => ({
  name,
  unit: "KiB",
  what,
  rounds: 3,
  warmUp: 0,
  samples: 1,
  goals: [{ peer: "child_process.fork", ratio }],
  brood: () => contender("actor", which, COUNT),
  peers: { "child_process.fork": () => contender("fork", which, which === "heavy" ? HEAVY_FORKS : COUNT) },
});

export const forkMemory = row(
  "fork-memory",
  "tiny",
  `memory (PSS) of one of ${COUNT} idle forked actors after one call, and of one process of fork`,
  7,
);

export const forkMemoryHeavy = row(
  "fork-memory-heavy",
  "heavy",
  `the same with the TypeScript compiler loaded; ${HEAVY_FORKS} processes of fork`,
  8,
);
