// Holds one spawn method to the suite's laws, with a leak check around each. A law that a method cannot be held to yet is a skip; one
// that does not speak of the method is none.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dumpTree, formatTree, type SpawnMethod } from "brood";
import { conformance, lawEnv } from "#brood/testing/conformance.js";
import { loadEngine } from "#brood/native/load.js";
import { retireTemplates } from "#brood/spawn/templates.js";
import { leakCheck } from "./leaks.js";
import type { suite } from "./law.js";

/** @param holds is told of each law that holds, by its sentence */
export function conform(law: ReturnType<typeof suite>, method: SpawnMethod, holds: (sentence: string) => void): void {
  const leaks = leakCheck();
  const { laws, lacking } = conformance(method);
  for (const { sentence, run, deadline } of laws) {
    law(
      `${method}: ${sentence}`,
      async (t) => {
        const directory = mkdtempSync(join(tmpdir(), "law-"));
        t.defer(() => rmSync(directory, { recursive: true, force: true }));
        let held = false;
        // After whatever the law has deferred.
        t.defer(async () => {
          if (!held) return;
          // One of its own kind stays with the process, as the first of the common kind does.
          retireTemplates(
            ({ kind }) => kind.flags.length + kind.order.preload.length + Object.keys(kind.env).length > 0,
          );
          if (method === "wasm") assert.equal(loadEngine().stats().actors, 0);
          await leaks.assertSame();
          holds(sentence);
        });
        leaks.snapshot();
        await run(
          lawEnv(method, { directory, defer: (cleanUp) => t.defer(cleanUp), observer: { dumpTree, formatTree } }),
        );
        held = true;
      },
      deadline === undefined ? {} : { deadline },
    );
  }
  for (const { law: one, lack } of lacking)
    if (lack.until !== undefined) law(`${method}: ${one.sentence}`, () => {}, { skip: true });
}
