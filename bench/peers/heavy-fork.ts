// A module for `fork` and for workers that needs the TypeScript compiler: it says that it is there when that is loaded.
import { isMainThread, parentPort } from "node:worker_threads";
import ts from "typescript";

process.on("message", () => {});
parentPort?.on("message", () => {});
if (isMainThread) process.send?.(ts.version);
else parentPort?.postMessage(ts.version);
