// The actor that answers one heavy query. It is a fork of the host: the index is the host's own, uncopied, as it was at the moment of the
// fork, and whatever the host does to it afterwards is not seen here.
import { defineActor, endpoint } from "brood/actor";
import { findHeavy, type HeavyAnswer } from "./heavy.js";
import { memoryOfThis, type Memory } from "./memory.js";
import type { SearchIndex } from "./search-index.js";

/** The name under which the host offers its index. */
export const INDEX = "index";

export interface Found {
  readonly answer: HeavyAnswer;
  /** How long the search took, in ms. */
  readonly took: number;
  /** Of this actor, when it had found the answer. */
  readonly memory: Memory;
}

export default defineActor({
  find: endpoint((task, query: string): Found => {
    const index = task.inherited<SearchIndex>(INDEX);
    const began = performance.now();
    const answer = findHeavy(index, query);
    return { answer, took: performance.now() - began, memory: memoryOfThis() };
  }),
});
