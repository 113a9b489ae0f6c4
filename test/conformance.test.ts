// Runs the conformance suite over every spawn method that works here, with leak checks around each law, and writes the table
// of results to docs/conformance.md. A law that a method cannot be held to yet is a skip; one that does not speak of the method
// is none.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allLaws, conformance, lawEnv, pending } from "#brood/testing/conformance.js";
import { loadEngine } from "#brood/native/load.js";
import { retireTemplates } from "#brood/spawn/templates.js";
import { METHODS } from "#brood/testing/methods.js";
import { warmUp } from "#brood/testing/warm-up.js";
import { ROOT } from "./harness/checkout.js";
import { leakCheck } from "./harness/leaks.js";
import { suite } from "./harness/law.js";

// Other test files run beside this one, with temporary files of their own that are no leak of ours.
process.env["TMPDIR"] = mkdtempSync(join(tmpdir(), "conformance-"));

const law = suite("conformance");
const leaks = leakCheck();
const passed = new Map<string, Set<string>>();

law.before(async () => {
  for (const method of METHODS) await warmUp(method);
});

for (const method of METHODS) {
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
          passed.set(sentence, (passed.get(sentence) ?? new Set()).add(method));
        });
        leaks.snapshot();
        await run(lawEnv(method, { directory, defer: (cleanUp) => t.defer(cleanUp) }));
        held = true;
      },
      deadline === undefined ? {} : { deadline },
    );
  }
  for (const { law: one, lack } of lacking)
    if (lack.until !== undefined) law(`${method}: ${one.sentence}`, () => {}, { skip: true });
}

law.after(() => {
  rmSync(tmpdir(), { recursive: true, force: true });
  const complete = METHODS.every((method) =>
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
