// The example of README.md as it stands: code blocks with `<!-- example: greeter.ts -->` on the line before the fence.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./checkout.js";

const BLOCK = /^<!-- example: (\S+) -->\s*\n```\w*\n(.*?)^```$/gms;

/** The blocks by the names of their files. Throws unless `names` are all there. */
export function readmeExample(...names: string[]): Map<string, string> {
  const text = readFileSync(join(ROOT, "README.md"), "utf8");
  const blocks = new Map([...text.matchAll(BLOCK)].map(([, name, code]) => [name!, code!]));
  for (const name of names) {
    if (!blocks.has(name)) throw new Error(`README.md has no code block after a line <!-- example: ${name} -->`);
  }
  return blocks;
}
