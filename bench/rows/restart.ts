// restart: from the death of a supervised actor to the first reply of its successor.
import { actor, openSupervisor, type SpawnMethod } from "brood";
import { built, COMPILE_TIMEOUT } from "../harness/built.js";
import type { Contender, Row } from "../harness/row.js";
import { repeated } from "../harness/samples.js";

const MODULE = new URL("../actors/tiny.js", import.meta.url);
const tiny = actor<typeof import("../actors/tiny.js")>(MODULE);

async function restarts(spawn: SpawnMethod): Promise<Contender> {
  if (spawn === "wasm") await built(MODULE);
  const options = { spawn, startTimeout: COMPILE_TIMEOUT } as { spawn: "exec" };
  const supervisor = await openSupervisor({
    // More than a bench can bring about, each at once.
    intensity: 1_000_000,
    backoff: { initial: 0, max: 0 },
    children: [{ id: "tiny", what: tiny, options }],
  });
  const one = async (): Promise<number> => {
    await supervisor.child("tiny").kill();
    const from = performance.now();
    const next = await supervisor.waitForChild("tiny");
    const answer = await next.call("ping");
    const ms = performance.now() - from;
    if (answer !== "pong") throw new Error(`the answer is ${String(answer)}`);
    return ms;
  };
  return { round: (samples) => repeated(samples, one), close: () => supervisor.close() };
}

const row = (name: string, spawn: SpawnMethod, goals: Row["goals"]): Row => ({
  name,
  unit: "ms",
  what: `from the death of a supervised ${spawn} actor to the first reply of its successor`,
  rounds: 12,
  warmUp: 2,
  samples: 10,
  goals,
  brood: () => restarts(spawn),
  peers: {},
});

export const restartRows: readonly Row[] = [
  row("restart", "exec", []),
  row("restart-fork", "forkserver", [{ of: "p50", most: 15 }]),
  row("restart-wasm", "wasm", [{ of: "p50", most: 2 }]),
];
