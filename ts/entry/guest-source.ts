// An actor that is a string: its code is evaluated, and must give an object of endpoints, or what defineActor returns.
import { context, defineActor, endpoint, findDefinition, type, type Definition } from "../actor/define.js";

/** In scope for the code. */
const SCOPE = { context, defineActor, endpoint, type };

/** Throws what the code throws, and a TypeError for a value that is no actor. */
export function evaluateSource(code: string): Definition {
  for (const [name, value] of Object.entries(SCOPE))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  // Indirect: the code sees globals and nothing of this module.
  const value: unknown = (0, eval)(code);
  const found = findDefinition({ default: value });
  if (found !== undefined) return found;
  if (typeof value !== "object" || value === null)
    throw new TypeError(
      `the code gives ${value === null ? "null" : typeof value}, not an actor. Its last expression must be an object of endpoints, as ({ twice: (x) => 2 * x }), or defineActor({ ... })`,
    );
  return findDefinition({ default: defineActor(value as never) }) as Definition;
}
