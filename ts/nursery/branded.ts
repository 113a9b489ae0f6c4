// The opaque value that names what can be started. Users hold it; what is behind it is read here only.
import type { ActorSource, SourceKind } from "../context/surface.js";
import { InvalidOption } from "../errors/kinds.js";
import type { Source } from "../spawn/method.js";

/** Holds what is to be started. Registered, since `brood` may exist twice in a process. */
const BRAND = Symbol.for("brood.source");

export function branded<K extends SourceKind>(details: Source & { kind: K }): ActorSource<any, K> {
  const made = { kind: details.kind };
  Object.defineProperty(made, BRAND, { value: Object.freeze(details) });
  return Object.freeze(made);
}

/** What is behind it; undefined where there is no such thing. */
export function behind(value: unknown): Source | undefined {
  return typeof value === "object" && value !== null ? (value as { [BRAND]?: Source })[BRAND] : undefined;
}

/** The actor that is a text. @throws InvalidOption for anything but a text */
export function textSource(code: string): ActorSource<any, "source"> {
  if (typeof code !== "string" || code === "")
    throw new InvalidOption("source: code", code, "the text of an actor, as ({ twice: (x) => 2 * x })");
  return branded({ kind: "source", code });
}
