// Remembers what a step was run on, so that it runs again only when that changed.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Whether the step that left `file` ran on exactly `hash`. */
export function isStamped(file, hash) {
  try {
    return readFileSync(file, "utf8") === hash;
  } catch {
    return false;
  }
}

/** Notes that the step has succeeded on `hash`. */
export function stamp(file, hash) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, hash);
  renameSync(`${file}.${process.pid}`, file);
}

/** Forgets it; done before a step begins, so that one that was interrupted runs again. */
export function unstamp(file) {
  rmSync(file, { force: true });
}
