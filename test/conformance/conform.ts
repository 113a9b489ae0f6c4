// A test file that holds one spawn method to the suite's laws, with a leak check around each. A law that a method cannot be held to yet is
// a skip; one that does not speak of the method is none.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dumpTree, formatTree, type SpawnMethod } from "brood";
import { conformance, lawEnv } from "#brood/testing/conformance.js";
import { loadEngine } from "#brood/native/load.js";
import { retireTemplates } from "#brood/spawn/templates.js";
import { LIVE, PLAIN } from "#brood/testing/methods.js";
import { warmUp } from "#brood/testing/warm-up.js";
import { leakCheck } from "../harness/leaks.js";
import { suite } from "../harness/law.js";
import { forget, keep } from "./page.js";

export function conform(method: SpawnMethod): void {
  const law = suite("conformance");
  const held = new Set<string>();
  law.before(async () => {
    forget(method);
    // The others too: a law may fall back on one, and what stays with the process from then on is no leak.
    const others: readonly SpawnMethod[] = method === LIVE ? [LIVE] : PLAIN;
    for (const one of others) await warmUp(one);
  });
  law.after(() => keep(method, held));
  const leaks = leakCheck();
  const { laws, lacking } = conformance(method);
  for (const { sentence, run, deadline } of laws) {
    law(
      `${method}: ${sentence}`,
      async (t) => {
        const directory = mkdtempSync(join(tmpdir(), "law-"));
        t.defer(() => rmSync(directory, { recursive: true, force: true }));
        let over = false;
        // After whatever the law has deferred.
        t.defer(async () => {
          if (!over) return;
          // One of its own kind stays with the process, as the first of the common kind does.
          retireTemplates(
            ({ kind }) => kind.flags.length + kind.order.preload.length + Object.keys(kind.env).length > 0,
          );
          if (method === "wasm") assert.equal(loadEngine().stats().actors, 0);
          await leaks.assertSame();
          held.add(sentence);
        });
        leaks.snapshot();
        await run(
          lawEnv(method, { directory, defer: (cleanUp) => t.defer(cleanUp), observer: { dumpTree, formatTree } }),
        );
        over = true;
      },
      deadline === undefined ? {} : { deadline },
    );
  }
  for (const { law: one, lack } of lacking)
    if (lack.until !== undefined) law(`${method}: ${one.sentence}`, () => {}, { skip: true });
  law.run();
}
