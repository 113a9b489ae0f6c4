// A program with a large heap that forks itself. Arguments: what to measure of it ("spawn", "pause" or "memory"), and how large the heap is,
// in MB. For harness/beside.ts, under brood run.
import { actor, offer, openNursery } from "brood";
// Loaded here, it is loaded in each fork.
import { INDEX } from "../actors/reader.js";
import { starts } from "../rows/starts.js";
import { answerRounds } from "./asked.js";
import { bigIndex, sumOf } from "./big-index.js";

const [what, mb] = [process.argv[2], Number(process.argv[3])];
const index = bigIndex(mb);
const sum = sumOf(index);
offer(INDEX, index);
const reader = actor<typeof import("../actors/reader.js")>(new URL("../actors/reader.js", import.meta.url));

const nursery = await openNursery({ startTimeout: 60_000 });
await answerRounds((samples) =>
  starts(samples, async () => {
    const from = performance.now();
    const portal = await nursery.start(reader, { name: "reader", spawn: "main_thread_forkserver" });
    const found = await portal.call("look", 0);
    const ms = performance.now() - from;
    if (found !== (index.size > 0 ? 0 : -1)) throw new Error(`it has found ${found}`);
    const end = (): Promise<void> => portal.close();
    if (what === "spawn") return { value: ms, end };
    if (what === "pause") return { value: portal.stats.pause as number, end };
    const all = await portal.call("readAll");
    if (all.sum !== sum) throw new Error(`it has read ${all.sum}`);
    return { value: all.own, end };
  }),
);
await nursery.close();
