// Random trees of actors come to random harm at random moments: actors are killed, stopped and cancelled, they leave, loop and throw, their
// channels break, their templates and nurseries end. After each round no process, descriptor or file is left, every promise has settled
// within its bound, and every error tells a cause that was there. 50 rounds, 1,000 with BROOD_FULL; a round that fails tells what happened
// in it and its seed, and BROOD_SEED=... repeats that one (its plan: when each process is served, the system decides).
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PLAIN } from "#brood/testing/methods.js";
import { warmUp } from "#brood/testing/warm-up.js";
import { playRounds, warm } from "./chaos/rounds.js";
import { suite } from "./harness/law.js";
import { note } from "./harness/report.js";

const ROUNDS = process.env["BROOD_FULL"] === undefined ? 50 : 1_000;

// Other test files run beside this one, with temporary files of their own that are no leak of ours.
process.env["TMPDIR"] = mkdtempSync(join(tmpdir(), "chaos-"));

const law = suite("chaos");

law.before(async () => {
  for (const method of PLAIN) await warmUp(method);
  await warm(PLAIN);
});
law.after(() => rmSync(tmpdir(), { recursive: true, force: true }));

law(
  "whatever harm comes to random trees, nothing is left of them, all promises settle, and every error tells its cause",
  async () => {
    const { rounds, mean, slowest, members, harm, asks } = await playRounds(ROUNDS, PLAIN);
    const counts = (of: Readonly<Record<string, number>>): string =>
      Object.entries(of)
        .sort(([, a], [, b]) => b - a)
        .map(([name, count]) => `${count} ${name}`)
        .join(", ");
    note(
      `${rounds} rounds of ${mean.toFixed(0)} ms, the slowest of ${slowest.toFixed(0)} ms; ${asks} asks of ${counts(members)}; ${counts(harm)}`,
    );
  },
  { deadline: 60_000 + ROUNDS * 2_000 },
);

law.run();
