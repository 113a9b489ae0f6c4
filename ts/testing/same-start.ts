// A host beside a law is started as this process was: where this one can fork itself, so can that.
import { liveReady } from "../protocol/live-contract.js";
import { liveFlags } from "../spawn/live-flags.js";

/** Flags of Node, as `brood run` gives them; none where this process was started without it. */
export function sameStart(): string[] {
  return liveReady() === undefined ? [] : liveFlags();
}
