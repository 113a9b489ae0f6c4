// Where brood's own files are: what its processes run first, and the guest that runs texts. They are looked up beside this file, so
// brood must not be bundled into another file; where it was, the error says so.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Unsupported } from "../errors/kinds.js";

const found = new Map<string, string>();

/** What a process of brood's runs first. */
export function entryFile(
  name: "process" | "actor-process" | "template" | "template-process" | "live" | "lifeline" | "compile",
): string {
  return ownFile(`../entry/${name}.cjs`);
}

/** The component that runs the text of an actor. */
export function guestFile(): string {
  return ownFile("../guest/brood-js.wasm");
}

function ownFile(path: string): string {
  let file = found.get(path);
  if (file === undefined) {
    // A bundle in CommonJS form has no import.meta.url at all.
    const base = import.meta.url as string | undefined;
    file = base === undefined ? "" : fileURLToPath(new URL(path, base));
    if (!existsSync(file)) {
      throw new Unsupported(
        "brood inside a bundle",
        'brood was bundled into another file and cannot find its own. Mark "brood" as external in the bundler, so that it is loaded from node_modules',
      );
    }
    found.set(path, file);
  }
  return file;
}
