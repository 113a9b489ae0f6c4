// A program with a large heap that gives a copy of it to a worker thread. Arguments and use as in live-host.ts.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { starts } from "../rows/starts.js";
import { answerRounds } from "./asked.js";
import { bigIndex, sumOf } from "./big-index.js";
import { memory } from "./memory.js";

const [what, mb] = [process.argv[2], Number(process.argv[3])];
const index = bigIndex(mb);
const sum = sumOf(index);

await answerRounds((samples) =>
  starts(samples, async () => {
    const before = what === "memory" ? (await memory()).pss : 0;
    const from = performance.now();
    // A structured clone of it.
    const worker = new Worker(new URL("../peers/index-worker.js", import.meta.url), { workerData: index });
    const pause = performance.now() - from;
    const [found] = (await once(worker, "message")) as [number];
    const ms = performance.now() - from;
    if (found !== (index.size > 0 ? 0 : -1)) throw new Error(`it has found ${found}`);
    const end = (): Promise<number> => worker.terminate();
    if (what === "spawn") return { value: ms, end };
    if (what === "pause") return { value: pause, end };
    worker.postMessage("sum");
    const [all] = (await once(worker, "message")) as [number];
    if (all !== sum) throw new Error(`it has read ${all}`);
    return { value: (await memory()).pss - before, end };
  }),
);
process.exit();
