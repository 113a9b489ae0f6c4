// How a value is left again that somebody has entered or opened.
import { InvalidOption } from "../errors/kinds.js";

/** What leaves it: its `Symbol.asyncDispose`, or its `Symbol.dispose`; nothing for null and undefined. @throws InvalidOption */
export function closerOf(option: string, value: unknown, more = ""): () => unknown {
  if (value === null || value === undefined) return () => {};
  const disposable = value as { [Symbol.asyncDispose]?: unknown; [Symbol.dispose]?: unknown };
  for (const close of [disposable[Symbol.asyncDispose], disposable[Symbol.dispose]])
    if (typeof close === "function") return () => close.call(value) as unknown;
  throw new InvalidOption(
    option,
    value,
    `something with Symbol.asyncDispose or Symbol.dispose, as nurseries, portals and pools have${more}; or null or undefined`,
  );
}
