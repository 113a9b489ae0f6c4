// The life of a context as a pure transition table: opening → started → returned | failed | cancelled. No I/O.

export type ContextState = "opening" | "started" | "returned" | "failed" | "cancelled";
export type ContextEvent = "started" | "return" | "error" | "cancelled" | "lost";

const TABLE: Record<ContextState, Partial<Record<ContextEvent, ContextState>>> = {
  opening: { started: "started", error: "failed", cancelled: "cancelled", lost: "failed" },
  started: { return: "returned", error: "failed", cancelled: "cancelled", lost: "failed" },
  // An ended context takes whatever was still on its way, and stays what it is.
  returned: { return: "returned", error: "returned", cancelled: "returned", lost: "returned", started: "returned" },
  failed: { return: "failed", error: "failed", cancelled: "failed", lost: "failed", started: "failed" },
  cancelled: {
    return: "cancelled",
    error: "cancelled",
    cancelled: "cancelled",
    lost: "cancelled",
    started: "cancelled",
  },
};

/** The state after `event`, or undefined where the peer must not send it now. */
export function nextContextState(state: ContextState, event: ContextEvent): ContextState | undefined {
  return TABLE[state][event];
}

/** Whether nothing more can happen to it. */
export function isSettled(state: ContextState): boolean {
  return state === "returned" || state === "failed" || state === "cancelled";
}
