// Where the files are that brood's own processes run first. They are looked up beside this file, so brood must not be bundled
// into another file; where it was, the error says so.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Unsupported } from "../errors/kinds.js";

const found = new Map<string, string>();

export function entryFile(name: "process" | "actor-process" | "lifeline" | "compile"): string {
  let file = found.get(name);
  if (file === undefined) {
    // A bundle in CommonJS form has no import.meta.url at all.
    const base = import.meta.url as string | undefined;
    file = base === undefined ? "" : fileURLToPath(new URL(`../entry/${name}.cjs`, base));
    if (!existsSync(file)) {
      throw new Unsupported(
        "brood inside a bundle",
        'brood was bundled into another file and cannot find its own. Mark "brood" as external in the bundler, so that it is loaded from node_modules',
      );
    }
    found.set(name, file);
  }
  return file;
}
