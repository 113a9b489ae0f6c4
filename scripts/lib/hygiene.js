// What must not be in any tracked file: paths of a developer's machine, hosts of registries, lint exceptions without a reason.
import { readFileSync } from "node:fs";
import { at } from "./checkout.js";
import { runTool } from "./tool.js";

/** Every rule: which files, what is looked for, and what to say. Patterns are spelled so that they do not match themselves. */
const RULES = [
  {
    pattern: /(?<![\w.~-])\/(?:root|work|home\/(?!user\b|you\b)\w+|Users\/(?!you\b)\w+)\/[\w.]/,
    words: "a path of somebody's machine",
  },
  { pattern: /\b[A-Z]:\\{1,2}Users\\{1,2}(?!you\b)\w/, words: "a path of somebody's machine" },
  {
    pattern: /\b(?:registry\.[a-z][\w-]*\.[a-z]|index\.crates\.i[o]|[\w-]+\.jfrog\.i[o]|npm\.pkg\.githu[b])/,
    words: "the host of a registry",
  },
  {
    files: /package-lock\.json$/,
    pattern: /"resolved":\s*"(?!file:)/,
    words: "the host of a registry (omit-lockfile-registry-resolved)",
  },
  {
    files: /\.[cm]?[jt]s$/,
    // A directive stands at the start of its comment and ends with ` -- why`.
    pattern: /(?:\/\/|\/\*)\s*(?:eslint|oxlint)-disable(?!.* -- \S)/,
    words: "a lint exception without its reason (`-- why`)",
  },
  {
    files: /\.rs$/,
    pattern: /#!?\[allow\((?!.*reason\s*=)/,
    words: 'a lint exception without its reason (`reason = "why"`)',
  },
];

/** Every breach in the tracked files and those about to be, as `path:line: what is there`. */
export async function findUnclean() {
  const list = await runTool("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  return list
    .split("\0")
    .filter(Boolean)
    .flatMap((path) => uncleanIn(path, read(path)));
}

/** The breaches in one file. Exported for its test. */
export function uncleanIn(path, text) {
  const rules = RULES.filter((rule) => !rule.files || rule.files.test(path));
  return text.split("\n").flatMap((line, index) =>
    rules.flatMap(({ pattern, words }) => {
      const found = line.match(pattern);
      return found ? [`${path}:${index + 1}: ${words}: ${found[0].slice(0, 80)}`] : [];
    }),
  );
}

/** Binary files and files that were just removed hold nothing. */
function read(path) {
  try {
    const bytes = readFileSync(at(path));
    return bytes.subarray(0, 8_000).includes(0) ? "" : bytes.toString();
  } catch {
    return "";
  }
}
