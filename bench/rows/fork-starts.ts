// Starts of processes and threads, to the first answer or message: what the rows of forks are made of.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { actor, openNursery } from "brood";
import type { Contender } from "../harness/row.js";
import { ended, forked } from "../peers/forked.js";
import { starts } from "./starts.js";

const ACTORS = {
  tiny: actor<typeof import("../actors/tiny.js")>(new URL("../actors/tiny.js", import.meta.url)),
  heavy: actor<typeof import("../actors/heavy.js")>(new URL("../actors/heavy.js", import.meta.url)),
} as const;

/** Actors forked from a template; `heavy`: one that has loaded the TypeScript compiler. */
export async function forkedActors(which: "tiny" | "heavy"): Promise<Contender> {
  const nursery = await openNursery({ startTimeout: 60_000 });
  const start = async (): Promise<{ answered: string; method: string; why: string; close(): Promise<void> }> => {
    if (which === "tiny") {
      const portal = await nursery.start(ACTORS.tiny, { name: "tiny", spawn: "forkserver" });
      const { spawnMethod: method, spawnReason: why } = portal;
      return { answered: await portal.call("ping"), method, why, close: () => portal.close() };
    }
    const portal = await nursery.start(ACTORS.heavy, { name: "heavy", spawn: "forkserver", preload: ["typescript"] });
    const { spawnMethod: method, spawnReason: why } = portal;
    return { answered: await portal.call("version"), method, why, close: () => portal.close() };
  };
  // The template is not a part of any start but the first.
  await (await start()).close();
  return {
    round: (samples) =>
      starts(samples, async () => {
        const from = performance.now();
        const { answered, method, why, close } = await start();
        const ms = performance.now() - from;
        if (method !== "forkserver") throw new Error(`it was not forked: ${why}`);
        if (answered === "") throw new Error("the answer is empty");
        return { value: ms, end: close };
      }),
    close: () => nursery.close(),
  };
}

/** `child_process.fork` of a module, to its first message. */
export async function forkedModules(module: string): Promise<Contender> {
  return {
    round: (samples) =>
      starts(samples, async () => {
        const from = performance.now();
        const child = forked(new URL(`../peers/${module}.js`, import.meta.url));
        await once(child, "message");
        return { value: performance.now() - from, end: () => ended(child) };
      }),
    close: async () => {},
  };
}

/** A worker thread with a module, to its first message. */
export async function workerModules(module: string): Promise<Contender> {
  return {
    round: (samples) =>
      starts(samples, async () => {
        const from = performance.now();
        const worker = new Worker(new URL(`../peers/${module}.js`, import.meta.url));
        await once(worker, "message");
        return { value: performance.now() - from, end: () => worker.terminate() };
      }),
    close: async () => {},
  };
}
