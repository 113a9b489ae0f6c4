// tree-teardown: trees of actors three deep and three wide are cancelled from the top, and gone.
import { fileURLToPath } from "node:url";
import { actor, withNursery, type SpawnMethod } from "brood";
import { built, COMPILE_TIMEOUT } from "../harness/built.js";
import type { Contender, Row } from "../harness/row.js";
import { repeated } from "../harness/samples.js";

const DEEP = 3;
const WIDE = 3;
const MODULE = new URL("../actors/tree.js", import.meta.url);
const tree = actor<typeof import("../actors/tree.js")>(MODULE);
/** 3 + 9 + 27. */
const ACTORS = WIDE + WIDE ** 2 + WIDE ** 3;

async function teardowns(spawn: SpawnMethod): Promise<Contender> {
  if (spawn === "wasm") await built(MODULE);
  const grants = spawn === "wasm" ? { grants: { actors: ["wasm"] } } : undefined;
  const options: object = { spawn, startTimeout: COMPILE_TIMEOUT, ...grants };
  const one = (): Promise<number> =>
    withNursery(async (nursery) => {
      const tops = await Promise.all(
        Array.from({ length: WIDE }, (_, index) => nursery.start(tree, { name: `top-${index}`, ...options })),
      );
      const counts = await Promise.all(tops.map((top) => top.call("grow", DEEP - 1, WIDE, options)));
      const count = counts.reduce((sum, each) => sum + each, 0);
      if (count !== ACTORS) throw new Error(`${count} actors of ${fileURLToPath(MODULE)}`);
      const from = performance.now();
      await nursery.cancel();
      const ms = performance.now() - from;
      for (const top of tops) {
        const { kind } = await top.exited;
        if (kind !== "cancelled") throw new Error(`an actor's exit is ${kind}, not cancelled`);
      }
      return ms;
    });
  return { round: (samples) => repeated(samples, one), close: async () => {} };
}

const row = (name: string, spawn: SpawnMethod, goals: Row["goals"]): Row => ({
  name,
  unit: "ms",
  what: `${ACTORS} ${spawn} actors, ${DEEP} deep and ${WIDE} wide, cancelled from the top and gone`,
  rounds: 8,
  warmUp: 1,
  samples: 1,
  goals,
  brood: () => teardowns(spawn),
  peers: {},
});

export const treeTeardownRows: readonly Row[] = [
  row("tree-teardown", "exec", []),
  row("tree-teardown-fork", "forkserver", [{ of: "p50", most: 250 }]),
  row("tree-teardown-wasm", "wasm", []),
];
