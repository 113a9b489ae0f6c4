// Walks directories and hashes what is in them.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { shown } from "./checkout.js";

const SKIPPED = new Set(["node_modules", "target", ".git"]);

/** Every file below the given paths (files stand for themselves, missing paths for nothing), sorted. */
export function filesBelow(...paths) {
  const found = [];
  const visit = (path) => {
    if (!statSync(path).isDirectory()) return void found.push(path);
    for (const name of readdirSync(path)) if (!SKIPPED.has(name)) visit(join(path, name));
  };
  for (const path of paths) if (existsSync(path)) visit(path);
  return found.sort();
}

/** A hash over names and contents of all files below the given paths, and over `more`. */
export function hashOf(paths, more = []) {
  const hash = createHash("sha256");
  for (const file of filesBelow(...paths)) {
    hash.update(`${shown(file)}\0`);
    hash.update(readFileSync(file));
    hash.update("\0");
  }
  for (const part of more) hash.update(`${part}\0`);
  return hash.digest("hex");
}
