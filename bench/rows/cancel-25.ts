// cancel-25: 25 idle actors of one nursery are cancelled and gone, beside 25 children of `fork` that are sent SIGTERM and have exited.
// Starting them is part of a sample, not of its time.
import { once } from "node:events";
import { actor, withNursery, type SpawnMethod } from "brood";
import { built, COMPILE_TIMEOUT } from "../harness/built.js";
import type { Contender, Row } from "../harness/row.js";
import { repeated } from "../harness/samples.js";
import { forked } from "../peers/forked.js";

const COUNT = 25;
const MODULE = new URL("../actors/tiny.js", import.meta.url);
const tiny = actor<typeof import("../actors/tiny.js")>(MODULE);

const many = <T>(one: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: COUNT }, one));

async function brood(spawn: SpawnMethod): Promise<Contender> {
  if (spawn === "wasm") await built(MODULE);
  const options = { name: "tiny", spawn, startTimeout: COMPILE_TIMEOUT } as { name: string; spawn: "exec" };
  const one = (): Promise<number> =>
    withNursery(async (nursery) => {
      const portals = await many(() => nursery.start(tiny, options));
      for (const portal of portals) await portal.call("ping");
      const from = performance.now();
      await nursery.cancel();
      const ms = performance.now() - from;
      for (const portal of portals) {
        const { kind } = await portal.exited;
        if (kind !== "cancelled") throw new Error(`an actor's exit is ${kind}, not cancelled`);
      }
      return ms;
    });
  return { round: (samples) => repeated(samples, one), close: async () => {} };
}

async function fork(): Promise<Contender> {
  const one = async (): Promise<number> => {
    const children = await many(async () => {
      const child = forked(new URL("../peers/tiny-fork.js", import.meta.url));
      await once(child, "message");
      return child;
    });
    const from = performance.now();
    const exits = children.map((child) => once(child, "exit"));
    for (const child of children) child.kill();
    await Promise.all(exits);
    return performance.now() - from;
  };
  return { round: (samples) => repeated(samples, one), close: async () => {} };
}

const row = (name: string, spawn: SpawnMethod, most: number): Row => ({
  name,
  unit: "ms",
  what: `${COUNT} idle ${spawn} actors cancelled and gone; ${COUNT} children of fork sent SIGTERM and exited`,
  rounds: 10,
  warmUp: 1,
  samples: 1,
  goals: [{ of: "p50", most }],
  brood: () => brood(spawn),
  peers: { "child_process.fork": fork },
});

export const cancel25Rows: readonly Row[] = [
  row("cancel-25", "exec", 150),
  row("cancel-25-fork", "forkserver", 80),
  row("cancel-25-wasm", "wasm", 20),
];
