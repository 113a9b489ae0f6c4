// The base of every error that brood throws. An error is recognised by a registered symbol and not by its constructor,
// because `brood` and `brood/actor` may each exist twice in one process; the symbol cannot cross a channel, so no actor can
// forge one of brood's codes.
import type { ErrorCode } from "./codes.js";
import { printable } from "./printable.js";

const BRAND = Symbol.for("brood.error");

/** What every error of brood has. `code` is stable; `message` reads "what failed: which actor (path): why. What to do." */
export abstract class BroodError extends Error {
  /** Stable, listed in `docs/errors.md`. */
  abstract readonly code: ErrorCode;

  constructor(message: string, options?: { cause?: unknown }) {
    // Much of it may be an actor's words, and an error that nobody catches is printed as it is.
    super(printable(message), options);
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** True also for an error made by another copy of brood in this process. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (!isBroodError(value)) return false;
    const code = (this as unknown as { code?: ErrorCode }).code;
    return code === undefined || value.code === code;
  }
}

/** Whether `value` is an error of brood's own, whichever copy of brood made it. Never throws. */
export function isBroodError(value: unknown): value is BroodError {
  try {
    return typeof value === "object" && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true;
  } catch {
    return false; // a revoked proxy
  }
}
