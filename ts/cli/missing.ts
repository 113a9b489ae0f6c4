// What an actor in wasm does not have, and what to use in its place. The prelude (ts/actor/guest) is what it does have.
import { builtinModules } from "node:module";

const NOTHING_GRANTED = "an actor in wasm has no access to the system";

/** By the name of Node's module, without `node:`; what is not here has the general advice. */
const MODULES: Readonly<Record<string, string>> = {
  assert: "throw an Error",
  async_hooks: "pass what is needed as an argument; there is no ambient state across calls",
  buffer: "use Uint8Array, TextEncoder and TextDecoder, atob and btoa",
  child_process: 'do it in the host, or in an actor with spawn: "forkserver"',
  cluster: "start several actors from the host",
  console: "use the global console: its lines go to the host's log",
  crypto:
    "use crypto.randomUUID() or crypto.getRandomValues(); for hashes take a package in plain JavaScript, or do it in the host",
  dgram: "do it in the host, and send the actor the data",
  dns: "do it in the host, and send the actor the answer",
  events: "use EventTarget and Event",
  fs: "read the file in the host, and send the actor its text or bytes",
  "fs/promises": "read the file in the host, and send the actor its text or bytes",
  http: "do the request in the host, and send the actor the answer",
  https: "do the request in the host, and send the actor the answer",
  http2: "do the request in the host, and send the actor the answer",
  module: "import statically: everything is bundled when the actor is built",
  net: "do it in the host, and send the actor the data",
  os: "ask the host, and pass the answer as an argument",
  path: "take a package in plain JavaScript, as path-browserify, or build paths in the host",
  perf_hooks: "use the global performance.now()",
  process: "pass what is needed as an argument",
  querystring: "use URLSearchParams",
  readline: "do it in the host, and send the actor the lines",
  stream: "use a context: its stream carries messages both ways",
  string_decoder: "use TextDecoder",
  timers: "use the globals setTimeout and setInterval",
  "timers/promises": "use the global setTimeout in a promise",
  url: "use the globals URL and URLSearchParams",
  util: "use the globals structuredClone, TextEncoder and TextDecoder",
  vm: "start the code as source(code) from the host",
  worker_threads: "start another actor from the host",
  zlib: "take a package in plain JavaScript, as fflate, or do it in the host",
};

/** Globals of Node and of browsers that a guest has not. */
export const MISSING_GLOBALS: Readonly<Record<string, string>> = {
  process: 'pass what is needed as an argument; process.env.NODE_ENV alone is there, as "production"',
  Buffer: "use Uint8Array, TextEncoder and TextDecoder, atob and btoa",
  fetch: "do the request in the host, and send the actor the answer",
  Request: "do the request in the host, and send the actor the answer",
  Response: "do the request in the host, and send the actor the answer",
  Headers: "do the request in the host, and send the actor the answer",
  FormData: "do the request in the host, and send the actor the answer",
  XMLHttpRequest: "do the request in the host, and send the actor the answer",
  WebSocket: "open it in the host; a context carries messages both ways",
  EventSource: "open it in the host; a context carries messages both ways",
  Worker: "start another actor from the host",
  SharedWorker: "start another actor from the host",
  MessageChannel: "use a context: its stream carries messages both ways",
  BroadcastChannel: "use a context: its stream carries messages both ways",
  setImmediate: "use setTimeout(f, 0) or queueMicrotask(f)",
  clearImmediate: "use setTimeout(f, 0) and clearTimeout",
  global: "use globalThis",
  __dirname: "there are no files; read them in the host",
  __filename: "there are no files; read them in the host",
  window: "use globalThis; there is no page",
  document: "there is no page",
  navigator: "there is no page",
  localStorage: "keep state in the actor's memory, or in the host",
  sessionStorage: "keep state in the actor's memory, or in the host",
  indexedDB: "keep state in the actor's memory, or in the host",
  ReadableStream: "use a context: its stream carries messages both ways",
  WritableStream: "use a context: its stream carries messages both ways",
  TransformStream: "use a context: its stream carries messages both ways",
  Blob: "use Uint8Array",
  File: "use Uint8Array",
  WebAssembly: "start the component from the host",
  Intl: "format in the host: the engine of an actor in wasm knows no languages",
};

const BUILTIN = new Set(builtinModules.map((name) => name.replace(/^node:/, "")));

/** The name of Node's module that `specifier` means; undefined for anything else. */
export function builtinOf(specifier: string): string | undefined {
  const name = specifier.replace(/^node:/, "");
  return specifier.startsWith("node:") || BUILTIN.has(name) ? name : undefined;
}

/** What to do in place of importing a module of Node. */
export function insteadOfModule(name: string): string {
  const advice = MODULES[name] ?? MODULES[name.split("/")[0] as string];
  return `${NOTHING_GRANTED}; ${advice ?? 'do it in the host, or start the actor with spawn: "forkserver"'}`;
}
