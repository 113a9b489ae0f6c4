// Which rejections are brood's own doing: those of a scope exit, a cancel or a death count as handled, even if nobody
// listens. What an endpoint threw, or a deadline that was missed, stays an unhandled rejection.
import { ActorDied, Cancelled, NurseryClosed } from "../errors/kinds.js";

export function isBroodsDoing(error: unknown): boolean {
  return error instanceof Cancelled || error instanceof ActorDied || error instanceof NurseryClosed;
}
