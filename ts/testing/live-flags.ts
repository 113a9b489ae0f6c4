// A host beside a law is started as this process was: where this one can fork itself, so can that.
import { fileURLToPath } from "node:url";
import { liveReady } from "../protocol/live-contract.js";
import { templateFlags } from "../spawn/fork-support.js";

/** Flags of Node, as `brood run` gives them; none where this process was started without it. */
export function liveFlags(): string[] {
  if (liveReady() === undefined) return [];
  const entry = fileURLToPath(new URL("../entry/live.cjs", import.meta.url));
  return [...templateFlags(), "--expose-internals", "--require", entry];
}
