// The examples of README.md and of other documents as they stand: code blocks with `<!-- example: greeter.ts -->` on the line before the
// fence.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./checkout.js";

const BLOCK = /^<!-- example: (\S+) -->\s*\n```\w*\n(.*?)^```$/gms;

/** The examples of a document by the names of their files. */
export function documentExamples(document: string): Map<string, string> {
  const text = readFileSync(join(ROOT, document), "utf8");
  return new Map([...text.matchAll(BLOCK)].map(([, name, code]) => [name!, code!]));
}

/** Those of README.md. Throws unless `names` are all there. */
export function readmeExample(...names: string[]): Map<string, string> {
  const blocks = documentExamples("README.md");
  for (const name of names) {
    if (!blocks.has(name)) throw new Error(`README.md has no code block after a line <!-- example: ${name} -->`);
  }
  return blocks;
}
