// wasm-memory: what an idle JavaScript actor in wasm takes in memory after one call, beside an idle worker thread after one message.
// Each sample is a process of its own; shared pages count by share (PSS).
import { statSync } from "node:fs";
import { apart } from "../harness/apart.js";
import { built } from "../harness/built.js";
import type { Contender, Row } from "../harness/row.js";
import type { IdleActors } from "../programs/idle-actors.js";
import type { IdleWorkers } from "../programs/idle-workers.js";

const ACTORS = 1_000;
const WORKERS = 20;
/** KiB of a page. */
const PAGE = 4;

async function contender<T extends { pss: number }>(one: () => Promise<T>): Promise<Contender & { last?: T }> {
  const contender: Contender & { last?: T } = {
    async round(samples) {
      const sizes: number[] = [];
      for (let sample = 0; sample < samples; sample++) {
        contender.last = await one();
        sizes.push(contender.last.pss);
      }
      return sizes;
    },
    close: async () => {},
  };
  return contender;
}

async function brood(): Promise<Contender> {
  const component = await built(new URL("../actors/tiny.js", import.meta.url));
  const program = new URL("../programs/idle-actors.js", import.meta.url);
  const own = await contender(() => apart<IdleActors>(program, [ACTORS]));
  const kib = (bytes: number): string => `${Math.round(bytes / 1024).toLocaleString("en-US")} KiB`;
  const pages = (size: number): string => (size / PAGE).toFixed(1);
  return {
    ...own,
    notes() {
      const { start, call, compiled } = own.last as IdleActors;
      return [
        `snapshot: component ${kib(statSync(component).size)}, compiled (.cwasm) ${kib(compiled)}`,
        `pages of ${PAGE} KiB written for each actor: ${pages(start)} by its start, ${pages(call)} more by its first call`,
      ];
    },
  };
}

export const wasmMemory: Row = {
  name: "wasm-memory",
  unit: "KiB",
  what: `memory (PSS) of one of ${ACTORS} idle JavaScript actors in wasm after one call; of one of ${WORKERS} idle workers`,
  rounds: 5,
  warmUp: 1,
  samples: 1,
  goals: [{ peer: "worker_threads", ratio: 20 }],
  brood,
  peers: {
    worker_threads: () =>
      contender(() => apart<IdleWorkers>(new URL("../programs/idle-workers.js", import.meta.url), [WORKERS])),
  },
};
