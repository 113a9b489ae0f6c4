// wasm-many: JavaScript actors in wasm that each hold 1 MB of state, two thousand at once, all of which answer: what their process
// takes in memory (PSS). There is no peer: so many workers are not to be had.
import { apart } from "../harness/apart.js";
import { built } from "../harness/built.js";
import type { Contender, Row } from "../harness/row.js";
import type { Holders } from "../programs/holders.js";

const ACTORS = 2_000;

async function brood(): Promise<Contender> {
  await built(new URL("../actors/holder.js", import.meta.url));
  const program = new URL("../programs/holders.js", import.meta.url);
  let last: Holders | undefined;
  return {
    async round(samples) {
      const sizes: number[] = [];
      for (let sample = 0; sample < samples; sample++) {
        last = await apart<Holders>(program, [ACTORS]);
        sizes.push(last.pss / 1024);
      }
      return sizes;
    },
    notes() {
      const { held, answered } = last as Holders;
      return [
        `all had started and held their state after ${held.toFixed(0)} ms; all ${ACTORS} answered within ${answered.toFixed(0)} ms`,
      ];
    },
    close: async () => {},
  };
}

export const wasmMany: Row = {
  name: "wasm-many",
  unit: "MiB",
  what: `memory (PSS) of a process with ${ACTORS} JavaScript actors in wasm that each hold 1 MB`,
  rounds: 2,
  warmUp: 0,
  samples: 1,
  goals: [],
  brood,
  peers: {},
};
