// What an idle worker thread takes in memory: the growth of this process by many of them, divided by their number.
// Argument: how many.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { memory } from "./memory.js";

export interface IdleWorkers {
  /** KiB of each. */
  readonly pss: number;
}

const count = Number(process.argv[2]);

async function start(): Promise<Worker> {
  const worker = new Worker(new URL("../peers/tiny-worker.js", import.meta.url));
  await once(worker, "message");
  return worker;
}

await (await start()).terminate();

const before = await memory();
const workers: Worker[] = [];
for (let index = 0; index < count; index++) workers.push(await start());
for (const worker of workers) {
  worker.postMessage("ping");
  const [answer] = await once(worker, "message");
  if (answer !== "pong") throw new Error("ping was not answered with pong");
}
const after = await memory();

const found: IdleWorkers = { pss: (after.pss - before.pss) / count };
process.stdout.write(JSON.stringify(found));
await Promise.all(workers.map((worker) => worker.terminate()));
