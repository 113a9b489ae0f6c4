// cancel-25: 25 idle exec actors of one nursery are cancelled and gone, beside 25 children of `fork` that are sent SIGTERM and have
// exited. Starting them is part of a sample, not of its time.
import { once } from "node:events";
import { actor, openNursery } from "brood";
import type { Contender, Row } from "../harness/row.js";
import { forked } from "../peers/forked.js";

const COUNT = 25;
const tiny = actor<typeof import("../actors/tiny.js")>(new URL("../actors/tiny.js", import.meta.url));

async function timed(samples: number, prepare: () => Promise<() => Promise<void>>): Promise<number[]> {
  const times: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const end = await prepare();
    const from = performance.now();
    await end();
    times.push(performance.now() - from);
  }
  return times;
}

const many = <T>(one: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: COUNT }, one));

async function brood(): Promise<Contender> {
  return {
    round: (samples) =>
      timed(samples, async () => {
        const nursery = await openNursery({ startTimeout: 60_000 });
        const portals = await many(() => nursery.start(tiny, { name: "tiny", spawn: "exec" }));
        for (const portal of portals) await portal.call("ping");
        return async () => {
          await nursery.cancel();
          for (const portal of portals) {
            if (portal.status !== "ended") throw new Error("an actor is there after the cancel of its nursery");
          }
        };
      }),
    close: async () => {},
  };
}

async function fork(): Promise<Contender> {
  return {
    round: (samples) =>
      timed(samples, async () => {
        const children = await many(async () => {
          const child = forked(new URL("../peers/tiny-fork.js", import.meta.url));
          await once(child, "message");
          return child;
        });
        return async () => {
          const exits = children.map((child) => once(child, "exit"));
          for (const child of children) child.kill();
          await Promise.all(exits);
        };
      }),
    close: async () => {},
  };
}

export const cancel25: Row = {
  name: "cancel-25",
  unit: "ms",
  what: `${COUNT} idle exec actors cancelled and gone; ${COUNT} children of fork sent SIGTERM and exited`,
  rounds: 10,
  warmUp: 1,
  samples: 1,
  goals: [{ most: 150 }],
  brood,
  peers: { "child_process.fork": fork },
};
