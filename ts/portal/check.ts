// Checks of what users give: every refusal names the option, the value and what is accepted, and happens before anything else.
import { InvalidOption } from "../errors/kinds.js";
import { didYouMean } from "../errors/near.js";

/** The longest time a timer can wait (2^31 - 1 ms, about 24 days): Node fires longer ones at once. */
const MAX_DURATION = 2 ** 31 - 1;

export function checkObject(what: string, value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InvalidOption(`${what}: options`, value, "an object of options");
}

/** Refuses options that do not exist. */
export function checkKnown(what: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new InvalidOption(
        `${what}: ${key}`,
        (options as Record<string, unknown>)[key],
        `the options ${known.join(", ")}.${didYouMean(known, key)}`.replace(/\.$/, ""),
      );
    }
  }
}

/** A time in ms, above 0. */
export function checkDuration(option: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value !== "number" || !(value > 0) || value > MAX_DURATION) {
    throw new InvalidOption(option, value, `a number of milliseconds above 0, at most ${MAX_DURATION}`);
  }
}

export function checkSignal(option: string, value: unknown): void {
  if (value !== undefined && !(value instanceof AbortSignal)) throw new InvalidOption(option, value, "an AbortSignal");
}

export function checkOneOf(option: string, value: unknown, accepted: readonly string[]): void {
  if (value !== undefined && !accepted.includes(value as string)) {
    throw new InvalidOption(option, value, accepted.map((one) => JSON.stringify(one)).join(" or "));
  }
}

export function checkBoolean(option: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") throw new InvalidOption(option, value, "true or false");
}
