// What a stream refuses, it refuses as a rejection; one that brood itself brought about, by a cancel, a death or the end of a scope, counts
// as handled where nobody listens.
import { deferred, noteRejection, type Deferred } from "../errors/observed-promise.js";
import { isBroodsDoing } from "../errors/silence.js";

export function refused(error: Error): Promise<any> {
  const one = deferred<any>();
  refuse(one, error);
  return one.promise;
}

export function refuse(one: Deferred<any>, error: Error): void {
  one.reject(error);
  noteRejection(one.promise, error);
  if (isBroodsDoing(error)) one.promise.silence();
}
