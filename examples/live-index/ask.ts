// A heavy query is answered by an actor of its own, which is forked of this process, works on the index as it was then, and ends with its
// answer. For comparison this process can do it itself, and do nothing else meanwhile. Either way it is told what that was like for others.
import { actor, type Nursery } from "brood";
import { findHeavy, type HeavyAnswer } from "./heavy.js";
import type { Memory } from "./memory.js";
import { Reader, type Light } from "./reader.js";
import type { SearchIndex } from "./search-index.js";

const searcher = actor<typeof import("./searcher.js")>(new URL("./searcher.js", import.meta.url));

/** Who answers a heavy query: an actor, or the host itself. */
export type Answerer = "fork" | "host";

/** A heavy query that has been answered; times in ms. */
export interface Asked {
  readonly query: string;
  readonly by: Answerer;
  readonly answer: HeavyAnswer;
  /** Edition of the host's index when the answer was there. */
  readonly editionNow: number;
  /** From asking for the actor to its being ready; undefined without one. */
  readonly startTime: number | undefined;
  /** How long the host stood still for it. */
  readonly pause: number;
  /** How long the search took. */
  readonly took: number;
  /** Of the actor; undefined without one. */
  readonly memory: Memory | undefined;
  /** The light requests that were answered meanwhile. */
  readonly light: Light;
}

/** Longer than any query takes on a busy machine, in ms. */
const DEADLINE = 30_000;

/** An actor of this process. @throws Unsupported where it cannot be forked */
export const startSearcher = (nursery: Nursery) =>
  nursery.start(searcher, { name: "searcher", spawn: "main_thread_forkserver" });

export interface AskOptions {
  readonly query: string;
  readonly by: Answerer;
  /** Of a light request. */
  readonly light: URL;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** @throws Cancelled, ActorDied and kin where there is no answer */
export async function ask(
  nursery: Nursery,
  index: SearchIndex,
  { query, by, light, signal }: AskOptions,
): Promise<Asked> {
  const reader = new Reader(light);
  try {
    const worked = by === "fork" ? await inFork(nursery, query, signal) : inHost(index, query);
    const editionNow = index.edition;
    return { query, by, ...worked, editionNow, light: await reader.stop() };
  } catch (error) {
    // Why there is no answer says more than what a reader met of it.
    await reader.stop().catch(() => {});
    throw error;
  }
}

type Worked = Pick<Asked, "answer" | "startTime" | "pause" | "took" | "memory">;

async function inFork(nursery: Nursery, query: string, signal: AbortSignal): Promise<Worked> {
  await using portal = await startSearcher(nursery);
  const { startTime, pause = 0 } = portal.stats;
  const { answer, took, memory } = await portal.with({ signal, deadline: DEADLINE }).call("find", query);
  return { answer, startTime, pause, took, memory };
}

function inHost(index: SearchIndex, query: string): Worked {
  const began = performance.now();
  const answer = findHeavy(index, query);
  const took = performance.now() - began;
  return { answer, startTime: undefined, pause: took, took, memory: undefined };
}
