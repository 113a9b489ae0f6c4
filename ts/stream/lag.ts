// How far a subscriber may fall behind, as it is asked for.
import { InvalidOption } from "../errors/kinds.js";
import type { SubscribeOptions } from "./surface.js";

/** undefined: it misses nothing. @throws InvalidOption */
export function lagOf(what: string, options: SubscribeOptions): number | undefined {
  if (typeof options !== "object" || options === null)
    throw new InvalidOption(what, options, "an object with lag, or nothing");
  for (const key of Object.keys(options)) {
    if (key !== "lag") throw new InvalidOption(`${what}: ${key}`, (options as Record<string, unknown>)[key], "lag");
  }
  const { lag } = options;
  if (lag !== undefined && !(Number.isSafeInteger(lag) && lag >= 1))
    throw new InvalidOption(`${what}: lag`, lag, "a whole number of messages, at least 1, or nothing");
  return lag;
}
