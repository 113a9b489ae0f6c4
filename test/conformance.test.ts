// Runs the conformance suite over every spawn method but the one that a program has to be started for (conformance.live.test.ts), and
// writes the table of results to docs/conformance.md.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allLaws, conformance, pending } from "#brood/testing/conformance.js";
import { METHODS, PLAIN } from "#brood/testing/methods.js";
import { warmUp } from "#brood/testing/warm-up.js";
import { ROOT } from "./harness/checkout.js";
import { conform } from "./harness/conform.js";
import { suite } from "./harness/law.js";

// Other test files run beside this one, with temporary files of their own that are no leak of ours.
process.env["TMPDIR"] = mkdtempSync(join(tmpdir(), "conformance-"));

const law = suite("conformance");
const passed = new Map<string, Set<string>>();

law.before(async () => {
  for (const method of PLAIN) await warmUp(method);
});

for (const method of PLAIN)
  conform(law, method, (sentence) => passed.set(sentence, (passed.get(sentence) ?? new Set()).add(method)));

law.after(() => {
  rmSync(tmpdir(), { recursive: true, force: true });
  const complete = PLAIN.every((method) =>
    conformance(method).laws.every(({ sentence }) => passed.get(sentence)?.has(method)),
  );
  // A partial run says nothing about the rest.
  if (!complete) return;
  const lacks = METHODS.map((method) => new Map(conformance(method).lacking.map(({ law: one, lack }) => [one, lack])));
  const sections = [...new Set([...allLaws(), ...pending()].map((one) => one.section))].sort((a, b) => a - b);
  const lines = [
    "# Conformance",
    "",
    "Every law of brood's behaviour, and the spawn methods over which it holds. Written by the test run.",
    "",
  ];
  for (const section of sections) {
    lines.push(
      `## Section ${section}`,
      "",
      `| law | ${METHODS.join(" | ")} |`,
      `|---|${METHODS.map(() => "---|").join("")}`,
    );
    for (const one of allLaws().filter((each) => each.section === section)) {
      const cells = METHODS.map((method, index) => {
        const lack = lacks[index]?.get(one);
        if (lack === undefined) return "holds";
        return lack.until === undefined ? `not for ${method}: ${lack.why}` : `pending: ${lack.until}`;
      });
      lines.push(`| ${one.sentence} | ${cells.join(" | ")} |`);
    }
    for (const { sentence, until } of pending().filter((one) => one.section === section))
      lines.push(`| ${sentence} | ${METHODS.map(() => `pending: ${until}`).join(" | ")} |`);
    lines.push("");
  }
  const text = lines.join("\n");
  const file = join(ROOT, "docs", "conformance.md");
  let old = "";
  try {
    old = readFileSync(file, "utf8");
  } catch {
    // The first run writes it.
  }
  if (old !== text) writeFileSync(file, text);
});

law.run();
