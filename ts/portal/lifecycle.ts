// The life of an actor as a pure transition table: starting → running → ending → ended, only ever forward. No I/O.
import type { ActorStatus } from "../context/surface.js";

/** `ready`: it said so. `ask`: somebody asked it to end. `gone`: its body is no more. */
export type ActorEvent = "ready" | "ask" | "gone";

const TABLE: Record<ActorStatus, Partial<Record<ActorEvent, ActorStatus>>> = {
  starting: { ready: "running", ask: "ending", gone: "ended" },
  running: { ask: "ending", gone: "ended" },
  // Ready may still be on its way when the end is asked for.
  ending: { ready: "ending", ask: "ending", gone: "ended" },
  ended: { ask: "ended" },
};

/** The status after `event`, or undefined where it cannot happen. */
export function nextStatus(status: ActorStatus, event: ActorEvent): ActorStatus | undefined {
  return TABLE[status][event];
}
