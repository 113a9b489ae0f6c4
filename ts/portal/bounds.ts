// What calls are bounded by: options that were given one after another, and the scope they are made in. The shorter deadline holds,
// and each signal.
import type { Bounds } from "../context/bounded.js";
import type { CallOptions } from "../context/surface.js";
import { checkDuration, checkKnown, checkObject, checkSignal } from "./check.js";

/**
 * `own` and what was given on top of it.
 * @param what the method that was given them, for messages
 * @throws InvalidOption
 */
export function narrowed(what: string, own: CallOptions, options: CallOptions): CallOptions {
  checkObject(what, options);
  checkKnown(what, options, ["deadline", "signal"]);
  checkDuration(`${what}: deadline`, options.deadline);
  checkSignal(`${what}: signal`, options.signal);
  const deadline = Math.min(own.deadline ?? Infinity, options.deadline ?? Infinity);
  const signal =
    own.signal !== undefined && options.signal !== undefined
      ? AbortSignal.any([own.signal, options.signal])
      : (options.signal ?? own.signal);
  return { ...(deadline === Infinity ? {} : { deadline }), ...(signal === undefined ? {} : { signal }) };
}

/**
 * The bounds of a call that begins now; undefined: none.
 * @param left ms left of the scope that it is made in
 * @param aborted the error where the signal has aborted already
 */
export function boundsWithin(
  { deadline: own, signal }: CallOptions,
  left: number | undefined,
  aborted: (reason: unknown) => Error,
): Bounds | undefined {
  const deadline = own === undefined ? left : left === undefined ? own : Math.min(own, left);
  if (deadline === undefined && signal === undefined) return undefined;
  if (signal?.aborted === true) throw aborted(signal.reason);
  return { deadline, signal };
}
