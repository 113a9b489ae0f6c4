// Runs one law of the suite: in a directory of its own, within its deadline, with what it deferred run and nothing left behind.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SpawnMethod } from "../context/surface.js";
import { retireTemplates } from "../spawn/templates.js";
import { lawEnv } from "./conformance.js";
import { within } from "./deadline.js";
import type { Law, Observer } from "./law.js";
import { leakCheck } from "./leaks.js";

/** Where a law names no deadline of its own; ms. */
const DEADLINE = 20_000;

/**
 * Holds a spawn method to a law. One at a time: what runs beside it would count as left behind. The first of a method starts what then
 * stays, as a template: let `warmUp` do so before.
 * @param observer brood itself, as `import * as brood from "brood"` gives it, or these two functions of it
 * @throws what the law threw, DeadlinePassed, or what it left behind
 */
export async function runLaw(law: Law, method: SpawnMethod, observer: Observer): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "law-"));
  const deferred: (() => unknown)[] = [];
  const leaks = leakCheck();
  leaks.snapshot();
  try {
    await within(
      `${method}: ${law.sentence}`,
      law.deadline ?? DEADLINE,
      () => law.run(lawEnv(method, { directory, defer: (cleanUp) => void deferred.push(cleanUp), observer })),
      { describe: async () => observer.formatTree(await observer.dumpTree()) },
    );
  } finally {
    for (const cleanUp of deferred.reverse()) await cleanUp();
    rmSync(directory, { recursive: true, force: true });
  }
  // A template of the law's own stays with the process, as the common one does.
  retireTemplates(({ kind }) => kind.flags.length + kind.order.preload.length + Object.keys(kind.env).length > 0);
  await leaks.assertSame();
}
