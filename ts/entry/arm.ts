// Arms a process actor's lifeline, once: from here on the end of the host is the end of this process and its group, also while
// it loops for ever.
import { loadForkserver } from "../native/load.js";
import { LIFELINE_FD } from "../protocol/entry-contract.js";

/** Two bundles of the same process may both ask. */
const ARMED = Symbol.for("brood.lifeline");

export function armLifeline(): void {
  const holder = globalThis as { [ARMED]?: true };
  if (holder[ARMED] === true) return;
  loadForkserver().armLifeline(LIFELINE_FD);
  Object.defineProperty(holder, ARMED, { value: true });
}
