// Leaves something behind when it is loaded.
import { Worker } from "node:worker_threads";

export const worker = new Worker("setInterval(() => {}, 1000)", { eval: true });
