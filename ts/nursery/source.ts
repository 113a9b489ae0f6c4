// What can be started. An actor travels by reference, as the URL of its module; nothing of it is loaded here.
import type { ActorDefinition, ActorSource, EndpointsOf, Loose } from "../context/surface.js";
import { InvalidOption } from "../errors/kinds.js";

const BRAND = Symbol.for("brood.source");

/**
 * Names an actor module, which is never evaluated in this process.
 * @param module an absolute `file:` URL, as `new URL("./greeter.js", import.meta.url)`
 * @throws InvalidOption for anything else
 */
export function actor<
  M extends { default: ActorDefinition<any> } | { default: { default: ActorDefinition<any> } } = {
    default: ActorDefinition<Loose>;
  },
>(module: URL): ActorSource<EndpointsOf<M>> {
  if (!(module instanceof URL)) {
    const shown = typeof module === "string" && !/^[a-z]+:/i.test(module) ? module : "./greeter.js";
    throw new InvalidOption("actor: module", module, `a URL, as new URL(${JSON.stringify(shown)}, import.meta.url)`);
  }
  if (module.protocol !== "file:") {
    throw new InvalidOption(
      "actor: module",
      module.href,
      'a URL with the protocol "file:", as new URL("./greeter.js", import.meta.url)',
    );
  }
  const source = { kind: "actor" as const, module: new URL(module) };
  Object.defineProperty(source, BRAND, { value: true });
  return Object.freeze(source);
}

/** @throws InvalidOption where `what` was not made by `actor()` */
export function checkSource(what: string, source: unknown): asserts source is ActorSource<unknown> {
  if (typeof source === "object" && source !== null && (source as { [BRAND]?: unknown })[BRAND] === true) return;
  const hint =
    source instanceof URL
      ? "wrap it: actor(url)"
      : typeof source === "object" && source !== null && "endpoints" in source
        ? 'an actor definition is started by its module: actor(new URL("./greeter.js", import.meta.url))'
        : 'what actor() returns: actor(new URL("./greeter.js", import.meta.url))';
  throw new InvalidOption(`${what}: what`, source, hint);
}
