// The prelude as a guest has it: in a context of its own, with the globals that the engine brings and no others, and a clock that stands
// still until it is moved.
import { createContext, runInContext, type Context } from "node:vm";
import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { NEVER } from "#brood/actor/guest/host.js";
import { fakeHost, type FakeHost } from "./fake-host.js";

export interface Realm {
  readonly host: FakeHost;
  /** Evaluates code in it. */
  run(code: string): any;
  /** Moves its clock. */
  pass(ms: number): void;
  /** Moves its clock, and tells it of its timer whenever that is due, as a host does; microtasks run in between. */
  live(ms: number): Promise<void>;
  start(): void;
}

const INSTALL = fileURLToPath(import.meta.resolve("#brood/actor/guest/install.js"));
const TIMERS = fileURLToPath(import.meta.resolve("#brood/actor/guest/timers.js"));

let bundled: Promise<string> | undefined;

function bundle(): Promise<string> {
  bundled ??= build({
    stdin: {
      contents: `export { installPrelude, startPrelude } from ${JSON.stringify(INSTALL)}; export { due } from ${JSON.stringify(TIMERS)};`,
      resolveDir: "/",
    },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "prelude",
    target: "es2022",
  }).then((result) => (result.outputFiles[0] as { text: string }).text);
  return bundled;
}

/** @param live false: the actor is being built */
export async function openRealm({ live = true, seed = "a host" } = {}): Promise<Realm> {
  const text = await bundle();
  const host = fakeHost(seed);
  host.live = live;
  let time = 1_000;
  let dueAt = Infinity;
  const { wake } = host;
  host.wake = (id, ms) => {
    wake(id, ms);
    dueAt = ms === NEVER ? Infinity : time + ms;
  };
  const context: Context = createContext({
    DOMException,
    atob,
    btoa,
    performance: { now: () => time },
    host,
  });
  const run = (code: string): unknown => runInContext(code, context);
  run(`
    const { now } = performance;
    Date.now = () => 1_700_000_000_000 + now();
    globalThis.queueMicrotask = (callback) => void Promise.resolve().then(callback);
    for (const name of ["console", "WebAssembly", "Atomics", "Intl"]) delete globalThis[name];`);
  run(`${text}; globalThis.prelude = prelude; prelude.installPrelude(host)`);
  const prelude = run("prelude") as { startPrelude(): void; due(id: number): void };
  if (live) prelude.startPrelude();
  return {
    host,
    run,
    pass: (ms) => void (time += ms),
    start() {
      host.live = true;
      prelude.startPrelude();
    },
    async live(ms) {
      const end = time + ms;
      for (;;) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        if (dueAt > end) break;
        time = Math.max(time, dueAt);
        dueAt = Infinity;
        prelude.due((host.wakes.at(-1) as { id: number }).id);
      }
      time = end;
    },
  };
}
