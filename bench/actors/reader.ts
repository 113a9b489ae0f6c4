// An actor that reads the index that its host has offered.
import { readFileSync } from "node:fs";
import { defineActor, endpoint } from "brood/actor";
import { sumOf, wordOf, type BigIndex } from "../programs/big-index.js";

/** The name of the index. */
export const INDEX = "index";

export default defineActor({
  /** Where a word is first found; -1 where the index has none. */
  look: endpoint((task, count: number) => task.inherited<BigIndex>(INDEX).get(wordOf(count))?.places[0] ?? -1),
  /** Reads all of it, and tells the memory that this process shares with nobody, in KiB. */
  readAll: endpoint((task): { sum: number; own: number } => {
    const sum = sumOf(task.inherited<BigIndex>(INDEX));
    const text = readFileSync("/proc/self/smaps_rollup", "utf8");
    const kib = (name: string): number => Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1]);
    return { sum, own: kib("Private_Dirty") + kib("Private_Clean") };
  }),
});
