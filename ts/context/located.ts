// Where the user called, in the stack of what a call is rejected with. Either it was captured at the call; or, where that would
// cost too much, V8 is asked who awaits the promise: an error that is thrown again inside an async function, whose outcome
// goes to that promise by its own two levers and no other closure, is given the frames of everybody who awaits it.
import { RemoteActorError } from "../errors/remote.js";
import type { Deferred } from "../errors/observed-promise.js";

/** A stack that begins at the user's call. */
export interface CallSite {
  readonly stack?: string;
}

/** Captures where `above` was called. V8 renders it only if somebody reads it. */
export function callSite(above: (...args: never[]) => unknown): CallSite {
  const site: { stack?: string } = {};
  // Not in every guest.
  Error.captureStackTrace?.(site, above);
  return site;
}

/** Rejects with an error that was made for this one promise. */
export function rejectLocated<T>({ resolve, reject }: Deferred<T>, error: Error, site: CallSite | undefined): void {
  if (site === undefined) {
    void thrownHere(error).then(resolve, reject);
  } else {
    relocate(error, framesOf(site.stack));
    reject(error);
  }
}

async function thrownHere(error: Error): Promise<never> {
  await undefined;
  relocate(error, framesOf(callSite(thrownHere).stack));
  throw error;
}

/** Puts `frames` where an error's own were, which speak of brood's inside only. */
export function relocate(error: Error, frames: string): void {
  if (frames === "") return;
  if (error instanceof RemoteActorError) error.locate(frames);
  else
    Object.defineProperty(error, "stack", {
      value: `${error.name}: ${error.message}\n${frames}`,
      writable: true,
      configurable: true,
    });
}

/** The frames of a stack, without its first lines. */
export function framesOf(stack = ""): string {
  const at = stack.indexOf("\n    at ");
  return at < 0 ? "" : stack.slice(at + 1);
}
