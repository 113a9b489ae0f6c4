// Lines of source, as stacks tell them.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

/** `file:line` of the caller. */
export function lineHere(): string {
  return (
    /\((?:file:\/\/)?(.*:\d+):\d+\)$|at (?:file:\/\/)?(.*:\d+):\d+$/
      .exec(new Error().stack?.split("\n")[2] ?? "")
      ?.slice(1)
      .find((found) => found !== undefined) ?? "nowhere"
  );
}

/** `name:line` of the one line of a module in which `text` stands. */
export function lineOf(module: URL, text: string): string {
  const file = fileURLToPath(module);
  const lines = readFileSync(file, "utf8").split("\n");
  const found = lines.flatMap((line, index) => (line.includes(text) ? [index + 1] : []));
  if (found.length !== 1) throw new Error(`${text} is in ${found.length} lines of ${file}`);
  return `${basename(file)}:${found[0]}`;
}
