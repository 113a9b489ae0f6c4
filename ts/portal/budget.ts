// Time handed down a tree: an actor that must itself be gone within some time gives its children less than it has, so that
// any depth ends within the bound of its top.

/** How long each step of ending an actor may take, in ms. */
export interface Steps {
  readonly cancelTimeout: number;
  readonly killTimeout: number;
}

/** Shares of a parent's remaining time: most for a polite end, some for SIGTERM to SIGKILL, and a tenth for the parent itself. */
const CANCEL_SHARE = 0.6;
const KILL_SHARE = 0.3;

/** The steps for a child of something that has `within` ms left; unlimited where undefined. */
export function stepsWithin(steps: Steps, within: number | undefined): Steps {
  if (within === undefined) return steps;
  return {
    cancelTimeout: Math.max(1, Math.min(steps.cancelTimeout, Math.floor(within * CANCEL_SHARE))),
    killTimeout: Math.max(1, Math.min(steps.killTimeout, Math.floor(within * KILL_SHARE))),
  };
}
