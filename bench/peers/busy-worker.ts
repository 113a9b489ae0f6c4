// A worker that is busy for ever once it is told to be.
import { parentPort } from "node:worker_threads";
import { spin } from "./endpoints.js";

parentPort?.on("message", spin);
parentPort?.postMessage("ready");
