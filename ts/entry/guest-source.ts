// An actor that is a string: its code is evaluated as a script, and the value of its last expression must be an object of
// endpoints, or what defineActor returns.
import { isRemote } from "../errors/remote.js";
import { actor, component, source } from "../nursery/source.js";
import { context, defineActor, endpoint, findDefinition, type, type Definition } from "../actor/define.js";

/** Puts brood/actor in scope for the code. */
export function defineScope(): void {
  for (const [name, value] of Object.entries({
    actor,
    component,
    context,
    defineActor,
    endpoint,
    isRemote,
    source,
    type,
  }))
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

/** Throws what the code throws, and a TypeError for a value that is no actor. */
export function evaluateSource(code: string): Definition {
  let value: unknown;
  try {
    // Indirect: the code sees globals and nothing of this module.
    // oxlint-disable-next-line no-eval -- running code is what this is for
    value = (0, eval)(code);
  } catch (error) {
    throw error instanceof SyntaxError ? located(error) : error;
  }
  const found = findDefinition({ default: value });
  if (found !== undefined) return found;
  if (typeof value !== "object" || value === null)
    throw new TypeError(
      `the code gives ${value === null ? "null" : typeof value}, not an actor. Its last expression must be an object of endpoints, as ({ twice: (x) => 2 * x }), or defineActor({ ... })`,
    );
  return findDefinition({ default: defineActor(value as never) }) as Definition;
}

/** Where a syntax error is, the engine tells in the first line of its stack and nowhere else. */
function located(error: SyntaxError): SyntaxError {
  const place = /^\s*at <input>:(\d+):(\d+)$/m.exec(error.stack ?? "");
  if (place !== null) error.message = `${error.message} (line ${place[1]}, column ${place[2]} of the source)`;
  return error;
}
