// The laws of wasm once more, with the host in a worker thread: the engine is one for the whole process, and serves every thread.
import { Worker } from "node:worker_threads";
import { conformance } from "#brood/testing/conformance.js";
import { suite } from "../harness/law.js";

const METHOD = "wasm";

const law = suite("conformance in a worker thread");
let worker: Worker;

law.before(async () => {
  worker = new Worker(new URL("../harness/laws.worker.js", import.meta.url), { workerData: { method: METHOD } });
  await ask(undefined);
});

for (const { sentence, deadline } of conformance(METHOD, "worker thread").laws)
  law(`${METHOD}: ${sentence}`, () => ask(sentence), deadline === undefined ? {} : { deadline });

law.after(() => worker.terminate());

/** Runs a law there; throws what it threw. */
async function ask(sentence: string | undefined): Promise<void> {
  const { error } = await new Promise<{ error: string | undefined }>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.postMessage({ sentence });
  });
  worker.removeAllListeners("error");
  if (error !== undefined) throw Object.assign(new Error(error), { stack: "" });
}

law.run();
