// The law of chaos, over the spawn methods that a program has.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SpawnMethod } from "brood";
import { warmUp } from "#brood/testing/warm-up.js";
import type { suite } from "../harness/law.js";
import { note } from "../harness/report.js";
import { playRounds, warm } from "./rounds.js";

/** What a round may take, on a busy machine; ms. */
const ROUND = 2_000;

export function chaos(law: ReturnType<typeof suite>, methods: readonly SpawnMethod[], rounds: number): void {
  // Other test files run beside this one, with temporary files of their own that are no leak of ours.
  process.env["TMPDIR"] = mkdtempSync(join(tmpdir(), "rounds-"));

  law.before(async () => {
    for (const method of methods) await warmUp(method);
    await warm(methods);
  });
  law.after(() => rmSync(tmpdir(), { recursive: true, force: true }));

  law(
    "whatever harm comes to random trees, nothing is left of them, all promises settle, and every error tells its cause",
    async () => {
      const { rounds: played, mean, slowest, members, harm, asks } = await playRounds(rounds, methods);
      note(
        `${played} rounds of ${mean.toFixed(0)} ms, the slowest of ${slowest.toFixed(0)} ms; ${asks} asks of ${list(members)}; ${list(harm)}`,
      );
    },
    { deadline: 60_000 + rounds * ROUND },
  );
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ");
}
