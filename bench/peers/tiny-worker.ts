// The smallest worker that is as much as an actor: it says that it is there, and answers.
import { parentPort } from "node:worker_threads";

parentPort?.on("message", () => parentPort?.postMessage("pong"));
parentPort?.postMessage("ready");
