// What a guest can start, by words that its host understands: nothing is read here. In the bundle of guests this stands for
// nursery/source.ts, and its functions are what an import of "brood" gives there.
import type { ActorSource, ComponentOptions } from "../context/surface.js";
import { InvalidOption } from "../errors/kinds.js";
import { behind, branded } from "../nursery/branded.js";
import { besideArtifact } from "../protocol/artifact-url.js";
import type { OrderedSource } from "../protocol/orders.js";
import type { Source } from "../spawn/method.js";

export { textSource as source } from "../nursery/branded.js";

export function actor(module: URL): ActorSource<any, "actor"> {
  return branded({ kind: "actor", module: checked("actor: module", module) });
}

export function component(what: URL | Uint8Array, options: ComponentOptions = {}): ActorSource<any, "component"> {
  if (what instanceof Uint8Array)
    return branded({
      kind: "component",
      origin: { file: undefined, bytes: what.slice(), isolated: options.compile !== "in-process" },
    });
  const { href } = checked("component: what", what);
  return branded({
    kind: "component",
    origin: { file: href, bytes: undefined, isolated: options.compile === "isolated" },
  });
}

export function checkSource(what: string, given: unknown): Source {
  const found = behind(given);
  if (found !== undefined) return found;
  throw new InvalidOption(`${what}: what`, given, "what actor(), component() or source() returns");
}

/** @param beside the directory of the artifact of whoever ordered it, as a URL */
export function orderedSource(ordered: OrderedSource, beside: string | undefined): Source {
  switch (ordered.kind) {
    case "actor":
      return { kind: "actor", module: new URL(placed(ordered.module, beside)) };
    case "component": {
      const { file, bytes, isolated } = ordered;
      if (file !== undefined)
        return { kind: "component", origin: { file: placed(file, beside), bytes: undefined, isolated } };
      return { kind: "component", origin: { file: undefined, bytes: bytes ?? new Uint8Array(0), isolated } };
    }
    case "source":
      return ordered;
  }
}

export function besideOf(of: Source): string | undefined {
  const place = of.kind === "actor" ? of.module.href : of.kind === "component" ? of.origin.file : undefined;
  return place === undefined ? undefined : new URL(".", place).href;
}

function placed(url: string, beside: string | undefined): string {
  const path = besideArtifact(url);
  return path === undefined || beside === undefined ? url : new URL(path, beside).href;
}

function checked(option: string, value: unknown): URL {
  if (value instanceof URL && (value.protocol === "file:" || besideArtifact(value.href) !== undefined)) return value;
  throw new InvalidOption(
    option,
    value instanceof URL ? value.href : value,
    'a URL, as new URL("./greeter.js", import.meta.url)',
  );
}
