// Rounds of chaos, one after the other in one process, with nothing left between two of them. A round that fails tells its seed, which
// repeats its plan, and what happened in it, line by line.
import { setTimeout as sleep } from "node:timers/promises";
import { withNursery, type SpawnMethod } from "brood";
import { actor } from "brood";
import { loadEngine } from "#brood/native/load.js";
import { livingTemplates, retireTemplates } from "#brood/spawn/templates.js";
import { leakCheck } from "../harness/leaks.js";
import { anySeed } from "../harness/random.js";
import { Family } from "./family.js";
import { judge } from "./judge.js";
import { drawPlan } from "./plan.js";
import { RoundRecord, showError } from "./record.js";
import { Scene } from "./scene.js";

/** From the end of a round until no process of it is left, whoever its parent is by then; ms. */
const ORPHANED = 1_000;

const chaos = actor<typeof import("../actors/chaos.js")>(new URL("../actors/chaos.js", import.meta.url));

export interface Figures {
  readonly rounds: number;
  /** ms. */
  readonly mean: number;
  readonly slowest: number;
  readonly members: Readonly<Record<string, number>>;
  readonly harm: Readonly<Record<string, number>>;
  readonly asks: number;
}

/** What the first of each kind opens stays. */
export async function warm(methods: readonly SpawnMethod[]): Promise<void> {
  await withNursery(async (nursery) => {
    for (const spawn of methods) await nursery.run(chaos, "add", [1, 2], { spawn, startTimeout: 120_000 } as never);
  });
  if (methods.includes("forkserver")) await forkOnce();
}

/** Both templates of the rounds serve then: the common one, and the one that has loaded the actor. */
async function forkOnce(): Promise<void> {
  await withNursery(async (nursery) => {
    for (const preload of [true, false]) {
      const serves = livingTemplates().some(
        ({ kind, life }) => life.status === "ready" && kind.order.preload.length > 0 === preload,
      );
      if (preload || !serves) await nursery.run(chaos, "add", [1, 2], { spawn: "forkserver", preload });
    }
  });
}

/**
 * @param count of rounds; one, where a seed is given by BROOD_SEED
 * @throws what the first round to fail did wrong
 */
export async function playRounds(count: number, methods: readonly SpawnMethod[]): Promise<Figures> {
  const given = process.env["BROOD_SEED"];
  const first = given === undefined ? anySeed() : Number(given);
  const family = new Family();
  const figures = {
    rounds: 0,
    mean: 0,
    slowest: 0,
    members: {} as Record<string, number>,
    harm: {} as Record<string, number>,
    asks: 0,
  };
  const tally = (of: Record<string, number>, key: string): void => void (of[key] = (of[key] ?? 0) + 1);
  let total = 0;
  for (let index = 0; index < (given === undefined ? count : 1); index++) {
    const from = performance.now();
    const record = await playRound(first + index, methods, family).catch((error: Error) => {
      error.message = `round ${index + 1}, ${error.message}`;
      throw error;
    });
    const took = performance.now() - from;
    total += took;
    figures.rounds++;
    figures.slowest = Math.max(figures.slowest, took);
    figures.asks += record.asked.length;
    for (const { plan, id } of record.members) if (id !== undefined) tally(figures.members, plan.method);
    for (const { plan } of record.done) tally(figures.harm, plan.kind);
  }
  return { ...figures, mean: total / figures.rounds };
}

async function playRound(seed: number, methods: readonly SpawnMethod[], family: Family): Promise<RoundRecord> {
  // A template that was killed is there again, and what has killed actors before they spoke is forgotten.
  if (methods.includes("forkserver")) await forkOnce();
  const leaks = leakCheck();
  leaks.snapshot();
  const record = new RoundRecord(drawPlan(seed, methods));
  const stray: string[] = [];
  const onStray = (error: unknown): void => void stray.push(`nobody handled ${showError(error)}`);
  process.on("unhandledRejection", onStray);
  process.on("uncaughtException", onStray);
  try {
    await new Scene(record, family).play();
    const complaints = judge(record);
    // The one that was killed may have been replaced meanwhile: neither is part of the round.
    if (record.templates.size > 0) retireTemplates();
    const complain = (error: unknown): void => void complaints.push((error as Error).message);
    await leaks.assertSame().catch(complain);
    await orphaned(family).catch(complain);
    const { actors } = loadEngine().stats();
    if (actors > 0) complaints.push(`the engine still has ${actors} guests`);
    complaints.push(...stray);
    if (complaints.length > 0)
      throw new Error(`BROOD_SEED=${seed}:\n${complaints.join("\n")}\nWhat happened:\n${record.log}`);
    return record;
  } finally {
    process.removeListener("unhandledRejection", onStray);
    process.removeListener("uncaughtException", onStray);
  }
}

/** @throws who is still there, of those whose parent has ended */
async function orphaned(family: Family): Promise<void> {
  for (const until = performance.now() + ORPHANED; ; await sleep(10)) {
    const left = family.orphans();
    if (left.length === 0) return;
    if (performance.now() > until)
      throw new Error(`orphans: ${left.map(({ pid, state, command }) => `${pid} ${state} ${command}`).join(", ")}`);
  }
}
