// A worker thread with a copy of an index: it looks a word up, says where that is found, and then sums all of it up when it is asked.
import { parentPort, workerData } from "node:worker_threads";
import { sumOf, wordOf, type BigIndex } from "../programs/big-index.js";

const index = workerData as BigIndex;
parentPort?.on("message", () => parentPort?.postMessage(sumOf(index)));
parentPort?.postMessage(index.get(wordOf(0))?.places[0] ?? -1);
