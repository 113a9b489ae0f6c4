// A Worker that owns a nursery with a tree of actors, and ends in every way that a Worker can end.
import { parentPort, workerData } from "node:worker_threads";
import { openNursery } from "../../nursery/open.js";
import { pidsOf, plant, spin } from "../actors/tree.js";
import type { TreeConfig } from "./tree.js";

const settings = workerData as TreeConfig;
void main();

async function main(): Promise<void> {
  parentPort?.on("message", (command: string) => {
    if (command === "exit") process.exit(3);
    if (command === "throw") throw new Error("nobody catches this");
  });
  parentPort?.postMessage({ begun: true });
  const top = await plant(await openNursery(), settings);
  const pids = await pidsOf(top);
  if (settings.busy !== undefined) await spin(top, "all", settings.busy);
  parentPort?.postMessage({ pids });
  await top.exited;
}
