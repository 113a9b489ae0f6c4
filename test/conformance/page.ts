// docs/conformance.md: each law, and the spawn methods over which it has been seen to hold. Every method has a run of its own; the page is
// written by the one that finds the results of all others.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SpawnMethod } from "brood";
import { allLaws, conformance, pending } from "#brood/testing/conformance.js";
import { METHODS } from "#brood/testing/methods.js";
import { ROOT } from "../harness/checkout.js";

const PAGE = join(ROOT, "docs", "conformance.md");
const RESULTS = join(ROOT, "build", "conformance");
const resultsOf = (method: SpawnMethod): string => join(RESULTS, `${method}.json`);

/** A run of this method begins: what an older one has seen says nothing about it. */
export function forget(method: SpawnMethod): void {
  rmSync(resultsOf(method), { force: true });
}

/** What holds of a method, by sentences. A partial run says nothing about the rest, and is not kept. */
export function keep(method: SpawnMethod, held: ReadonlySet<string>): void {
  if (!holdsAll(method, held)) return;
  mkdirSync(RESULTS, { recursive: true });
  replace(resultsOf(method), JSON.stringify([...held]));
  if (METHODS.every((one) => holdsAll(one, new Set(JSON.parse(textOf(resultsOf(one)) || "[]") as string[])))) {
    const text = page();
    if (textOf(PAGE) !== text) replace(PAGE, text);
  }
}

function holdsAll(method: SpawnMethod, held: ReadonlySet<string>): boolean {
  return conformance(method).laws.every(({ sentence }) => held.has(sentence));
}

function page(): string {
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
  return lines.join("\n");
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** At once: another run may read it. */
function replace(file: string, text: string): void {
  const beside = `${file}.${process.pid}`;
  writeFileSync(beside, text);
  renameSync(beside, file);
}
