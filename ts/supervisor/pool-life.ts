// The life of a pool's actor as a pure transition table: starting → serving → spent → ending → gone, only ever forward. No I/O.

/**
 * `starting`: it is not ready. `serving`: it is handed calls. `spent`: it has been handed its last one, and runs it. `ending`: it was
 * asked to end, or is being killed. `gone`: nothing is left of it, or its start failed.
 */
export type MemberStatus = "starting" | "serving" | "spent" | "ending" | "gone";

/**
 * `ready`: it can be called. `last`: it was handed its last call. `drained`: none of its calls is left. `retired`: the pool does not
 * need it any more, or it cannot be asked any more. `gone`: it is gone, asked or not.
 */
export type MemberEvent = "ready" | "last" | "drained" | "retired" | "gone";

const TABLE: Record<MemberStatus, Partial<Record<MemberEvent, MemberStatus>>> = {
  starting: { ready: "serving", retired: "ending", gone: "gone" },
  serving: { last: "spent", retired: "ending", gone: "gone" },
  spent: { drained: "ending", retired: "ending", gone: "gone" },
  // Ready may be on its way when the end is asked for.
  ending: { ready: "ending", drained: "ending", retired: "ending", gone: "gone" },
  gone: { drained: "gone", retired: "gone", gone: "gone" },
};

/** The status after `event`, or undefined where it cannot happen. */
export function nextMember(status: MemberStatus, event: MemberEvent): MemberStatus | undefined {
  return TABLE[status][event];
}
