// A worker thread in which laws of the conformance suite run, one after the other, on request: `{ sentence }` is answered by
// `{ error }`, its text or undefined. The first request warms up.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { loadEngine } from "#brood/native/load.js";
import { conformance, lawEnv } from "#brood/testing/conformance.js";
import { warmUp } from "#brood/testing/warm-up.js";
import { dumpTree, formatTree, type SpawnMethod } from "brood";
import { leakCheck } from "./leaks.js";
import { describeError } from "./report.js";

const { method } = workerData as { readonly method: SpawnMethod };
const { laws } = conformance(method, "worker thread");
const leaks = leakCheck();

parentPort?.on("message", ({ sentence }: { readonly sentence: string | undefined }) => {
  void (sentence === undefined ? warmUp(method) : run(sentence)).then(
    () => parentPort?.postMessage({ error: undefined }),
    (error: unknown) => parentPort?.postMessage({ error: describeError(error) }),
  );
});

async function run(sentence: string): Promise<void> {
  const law = laws.find((one) => one.sentence === sentence);
  if (law === undefined) throw new Error(`no law says: ${sentence}`);
  const directory = mkdtempSync(join(tmpdir(), "law-"));
  const deferred: (() => unknown)[] = [];
  leaks.snapshot();
  try {
    await law.run(
      lawEnv(method, {
        directory,
        defer: (cleanUp) => void deferred.push(cleanUp),
        observer: { dumpTree, formatTree },
        thread: "worker thread",
      }),
    );
  } finally {
    for (const cleanUp of deferred.reverse()) await cleanUp();
    rmSync(directory, { recursive: true, force: true });
  }
  assert.equal(loadEngine().stats().actors, 0);
  await leaks.assertSame();
}
