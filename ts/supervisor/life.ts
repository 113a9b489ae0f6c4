// The life of a child as a pure transition table; unlike an actor, a child can come back. No I/O, no clock.

/** `restarting`: it is down, and waits for its turn to be started again. */
export type ChildStatus = "stopped" | "starting" | "running" | "stopping" | "restarting";

/**
 * `start`: it is begun. `ready`: it is up. `stop`: its supervisor ends it, or does not want it back. `gone`: nothing is left of it.
 * `restart`: it is to come back.
 */
export type ChildEvent = "start" | "ready" | "stop" | "gone" | "restart";

const TABLE: Record<ChildStatus, Partial<Record<ChildEvent, ChildStatus>>> = {
  stopped: { start: "starting", stop: "stopped", restart: "restarting" },
  starting: { ready: "running", stop: "stopping", gone: "stopped" },
  running: { stop: "stopping", gone: "stopped" },
  // Ready may still be on its way when the stop is asked for.
  stopping: { ready: "stopping", stop: "stopping", gone: "stopped" },
  restarting: { start: "starting", stop: "stopped", restart: "restarting" },
};

/** The status after `event`, or undefined where it cannot happen. */
export function nextChildStatus(status: ChildStatus, event: ChildEvent): ChildStatus | undefined {
  return TABLE[status][event];
}

/** Whether there is something that must be gone before the child can be started again. */
export function isUp(status: ChildStatus): boolean {
  return status === "starting" || status === "running" || status === "stopping";
}
