// Which rejections are brood's own doing: those of a scope exit, a cancel or a death count as handled, even if nobody
// listens. What an endpoint threw, or a deadline that was missed, stays an unhandled rejection.
import { ActorDied, Cancelled, NurseryClosed } from "./kinds.js";
import { Restarted, SupervisorClosed, SupervisorFailed } from "./supervision.js";

const KINDS = [Cancelled, ActorDied, NurseryClosed, Restarted, SupervisorClosed, SupervisorFailed];

export function isBroodsDoing(error: unknown): boolean {
  return KINDS.some((kind) => error instanceof kind);
}

/** The failure that brought such a rejection about; undefined where it was none. */
export function failureBehind(error: unknown): unknown {
  if (error instanceof Cancelled) return error.reason;
  if (error instanceof NurseryClosed || error instanceof SupervisorClosed) return error.cause;
  if (error instanceof ActorDied && error.exit.kind === "cancelled") return error.exit.reason;
  return undefined;
}
