// What can be started: an actor module or a component by reference, bytes of a component, or the text of an actor. Nothing of it
// is loaded or run here.
import { dirname, isAbsolute, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type {
  ActorDefinition,
  ActorSource,
  ComponentOptions,
  EndpointsOf,
  Loose,
  LooseCalls,
} from "../context/surface.js";
import { InvalidOption } from "../errors/kinds.js";
import { checkKnown, checkObject, checkOneOf } from "../portal/check.js";
import { besideArtifact } from "../protocol/artifact-url.js";
import type { OrderedSource } from "../protocol/orders.js";
import type { Source } from "../spawn/method.js";
import { behind, branded, textSource } from "./branded.js";

/**
 * Names an actor module, which is never evaluated in this process. Started with `spawn: "wasm"`, it is the component beside the
 * module (`greeter.wasm` beside `greeter.js`), made of it by `brood build`.
 * @param module an absolute `file:` URL, as `new URL("./greeter.js", import.meta.url)`
 * @throws InvalidOption for anything else
 */
export function actor<
  M extends { default: ActorDefinition<any> } | { default: { default: ActorDefinition<any> } } = {
    default: ActorDefinition<Loose>;
  },
>(module: URL): ActorSource<EndpointsOf<M>, "actor"> {
  return branded({ kind: "actor", module: checkUrl("actor: module", module, "./greeter.js") });
}

/**
 * Names a WebAssembly component in any language. Its exports are called by their full name, `acme:md/api@0.1.0#render`, or
 * without the version where only one matches.
 * @param what an absolute `file:` URL, an absolute path, or the component's bytes, which are copied
 * @throws InvalidOption for anything else
 */
export function component<Interface = LooseCalls>(
  what: URL | string | Uint8Array,
  options: ComponentOptions = {},
): ActorSource<Interface, "component"> {
  checkObject("component", options);
  checkKnown("component", options, ["compile"]);
  checkOneOf("component: compile", options.compile, ["isolated", "in-process"]);
  if (what instanceof Uint8Array) {
    if (what.length === 0) throw new InvalidOption("component: what", what, "the bytes of a component; these are none");
    const isolated = options.compile !== "in-process";
    return branded({ kind: "component", origin: { file: undefined, bytes: new Uint8Array(what), isolated } });
  }
  const isolated = options.compile === "isolated";
  const file =
    typeof what === "string" && isAbsolute(what)
      ? what
      : fileURLToPath(checkUrl("component: what", what, "./markdown.wasm", ", an absolute path, or bytes"));
  if (file.includes("\0")) throw new InvalidOption("component: what", what, "a path without null characters");
  return branded({ kind: "component", origin: { file, bytes: undefined, isolated } });
}

/**
 * An actor as a text: an expression whose value is an object of functions, as `({ twice: (x) => 2 * x })`. It runs in wasm and
 * needs no toolchain.
 * @throws InvalidOption for anything but a text
 */
export function source<E = LooseCalls>(code: string): ActorSource<E, "source"> {
  return textSource(code);
}

/** What is behind a source. @throws InvalidOption where it was not made by one of the three functions above */
export function checkSource(what: string, source: unknown): Source {
  const found = behind(source);
  if (found !== undefined) return found;
  const hint =
    source instanceof URL
      ? "wrap it: actor(url) or component(url)"
      : typeof source === "object" && source !== null && "endpoints" in source
        ? 'an actor definition is started by its module: actor(new URL("./greeter.js", import.meta.url))'
        : 'what actor() returns: actor(new URL("./greeter.js", import.meta.url)); or what component() or source() returns';
  throw new InvalidOption(`${what}: what`, source, hint);
}

/**
 * What a guest has ordered. A module that it names relative to itself stands beside its artifact.
 * @param beside the directory of that artifact; undefined where there is none
 * @throws InvalidOption
 */
export function orderedSource(ordered: OrderedSource, beside: string | undefined): Source {
  switch (ordered.kind) {
    case "actor":
      return { kind: "actor", module: new URL(pathToFileURL(fileOf(ordered.module, beside)).href) };
    case "component": {
      const { file, bytes, isolated } = ordered;
      if (file !== undefined)
        return { kind: "component", origin: { file: fileOf(file, beside), bytes: undefined, isolated } };
      if (bytes === undefined) throw new InvalidOption("component: what", bytes, "a URL, or the bytes of a component");
      return { kind: "component", origin: { file: undefined, bytes, isolated } };
    }
    case "source":
      return ordered;
  }
}

/** The directory in which the artifact of a source stands. */
export function besideOf(source: Source): string | undefined {
  if (source.kind === "actor") return dirname(fileURLToPath(source.module));
  return source.kind === "component" && source.origin.file !== undefined ? dirname(source.origin.file) : undefined;
}

function fileOf(url: string, beside: string | undefined): string {
  const parsed = new URL(url);
  if (parsed.protocol === "file:") return fileURLToPath(parsed);
  const path = besideArtifact(parsed.href);
  if (path === undefined || beside === undefined)
    throw new InvalidOption("actor: module", url, 'a URL with the protocol "file:", or one made of import.meta.url');
  return resolve(beside, path);
}

function checkUrl(option: string, value: unknown, example: string, others = ""): URL {
  if (!(value instanceof URL)) {
    const shown = typeof value === "string" && !/^[a-z]+:/i.test(value) ? value : example;
    throw new InvalidOption(option, value, `a URL, as new URL(${JSON.stringify(shown)}, import.meta.url)${others}`);
  }
  if (value.protocol !== "file:") {
    throw new InvalidOption(
      option,
      value.href,
      `a URL with the protocol "file:", as new URL(${JSON.stringify(example)}, import.meta.url)${others}`,
    );
  }
  return new URL(value);
}
