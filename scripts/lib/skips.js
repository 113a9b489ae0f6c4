// Every skip is on a checked-in list, test/skips.json, with its reason.
import { existsSync, readFileSync } from "node:fs";
import { at } from "./checkout.js";

/** A function that returns the failures of one result: its skips that are not on the list. */
export function skipJudge() {
  const file = at("test", "skips.json");
  const list = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
  return ({ path, skipped }) =>
    skipped
      .filter((name) => !list.some((entry) => entry.name === name && sameFile(entry.file, path) && entry.reason))
      .map((name) => ({ name, text: "is skipped, and test/skips.json has no entry { file, name, reason } for it" }));
}

/** The list names sources; results name what was compiled from them. */
function sameFile(source, path) {
  return path === source || path.replace(/^build\//, "").replace(/\.js$/, "") === source.replace(/\.ts$/, "");
}
