// What a portal asks an actor through, whatever the actor speaks: frames (`opener.ts`) or nothing but its exports
// (`export-caller.ts`).
import { UnknownEndpoint, type Whereabouts } from "../errors/kinds.js";
import { didYouMean, listNames } from "../errors/near.js";
import type { EndpointForm } from "../protocol/bodies.js";
import { MOST_LISTED, type AskedDump } from "../protocol/tree.js";
import type { Bounds } from "./bounded.js";
import type { CallSite } from "./located.js";
import type { Deferred, ObservedPromise } from "../errors/observed-promise.js";
import type { OpenContext } from "./open-context.js";

/**
 * Where the outcome of a call goes instead of to a promise of its own: it was handed out before there was an actor for the call.
 */
export interface Slot extends Deferred<unknown> {
  /**
   * The actor is done with the call, or is gone: later than the outcome where a deadline was missed.
   * @param answered whether the outcome is what the endpoint returned
   */
  done(answered: boolean): void;
}

export interface Asking {
  /** Calls and contexts that wait now. */
  readonly size: number;
  /** Calls and contexts since the start. */
  readonly total: number;
  /** What waits, the oldest first; at most {@link MOST_LISTED}. */
  describe(): AskedDump[];
  /** @throws UnknownEndpoint there is none of this name, or it has the other form */
  check(endpoint: string, form: EndpointForm): void;
  /** Calls an endpoint that was checked. @throws InvalidMessage, Unsupported: nothing was called */
  call(
    endpoint: string,
    args: readonly unknown[],
    bounds: Bounds | undefined,
    site: CallSite | undefined,
    slot?: Slot,
  ): ObservedPromise<unknown>;
  /** Opens one. Throws as `call` does. */
  open(
    endpoint: string,
    args: readonly unknown[],
    bounds: Bounds | undefined,
    site: CallSite | undefined,
  ): ObservedPromise<OpenContext>;
  /** Rejects everything that waits, now; what the actor still answers is told as late. */
  interrupt(error: Error): void;
  /** The actor is gone: everything that waits is rejected with `error`. */
  lost(error: Error): void;
}

/** An endpoint of another form than the one that was asked for. */
export function otherForm(where: Whereabouts, endpoint: string, is: EndpointForm): UnknownEndpoint {
  const name = JSON.stringify(endpoint);
  return new UnknownEndpoint(
    where,
    endpoint,
    is !== "call"
      ? `it is ${is === "context" ? "a context" : "an async generator"}: use portal.open(${name}, ...)`
      : `it is called, not opened: use portal.call(${name}, ...)`,
  );
}

/** An endpoint that is none of `names`. */
export function noSuchEndpoint(where: Whereabouts, endpoint: string, names: readonly string[]): UnknownEndpoint {
  return new UnknownEndpoint(
    where,
    endpoint,
    `the actor has ${listNames(names, endpoint)}.${didYouMean(names, endpoint)}`.replace(/\.$/, ""),
  );
}

/** The first that there are. */
export function describeFirst(waiting: Iterable<{ describe(): AskedDump }>): AskedDump[] {
  const all: AskedDump[] = [];
  for (const one of waiting) {
    if (all.length === MOST_LISTED) break;
    all.push(one.describe());
  }
  return all;
}
