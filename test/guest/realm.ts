// The prelude as a guest has it: in a context of its own, with the globals that the engine brings and no others, and a clock that stands
// still until it is moved.
import { createContext, runInContext, type Context } from "node:vm";
import { build } from "esbuild";
import { fileURLToPath } from "node:url";
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
  const context: Context = createContext({
    DOMException,
    atob,
    btoa,
    performance: { now: () => time },
    host,
  });
  // Microtasks are the context's own.
  runInContext(
    `globalThis.queueMicrotask = (callback) => void Promise.resolve().then(callback);
     Date.now = () => 1_700_000_000_000 + performance.now();
     for (const name of ["console", "WebAssembly", "Atomics", "Intl"]) delete globalThis[name];`,
    context,
  );
  const run = (code: string): unknown => runInContext(code, context);
  // Its own clock must not be the one that is replaced.
  run(`(() => { const { performance: { now } } = globalThis; Date.now = () => 1_700_000_000_000 + now(); })()`);
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
      let heard = host.wakes.at(-1);
      let at = heard === undefined || heard.ms === 0xffff_ffff ? Infinity : time + heard.ms;
      for (;;) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        const asked = host.wakes.at(-1);
        if (asked !== heard) {
          heard = asked;
          at = asked === undefined || asked.ms === 0xffff_ffff ? Infinity : time + asked.ms;
        }
        if (at > end) break;
        time = Math.max(time, at);
        at = Infinity;
        prelude.due((heard as { id: number }).id);
      }
      time = end;
    },
  };
}
