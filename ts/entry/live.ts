// What `brood run` has Node load before a program: it prepares the program for being forked in the middle of its work, takes what that
// needs of Node's inside, and hides the inside again. It is small, because it is compiled at every start.
import { builtinModules, createRequire, syncBuiltinESMExports } from "node:module";
import { setFlagsFromString } from "node:v8";
import { isMainThread } from "node:worker_threads";
import { makeReady, type LiveBirth } from "../protocol/live-contract.js";
import { codeCacheFile } from "../spawn/code-cache.js";
import { loadCached } from "./cached.js";
import type * as LiveProcess from "./live-process.js";
import type { Inside } from "./live-process.js";

/** Node's classes and lists, as they are in 20 to 26. */
interface Builtin {
  readonly map: ReadonlyMap<string, unknown>;
  setRealmAllowRequireByUsers(ids: readonly string[]): void;
}

interface ModuleLoading {
  getOrInitializeCascadedLoader(): {
    readonly loadCache: { get(url: string): { readonly module?: ModuleWrap } | undefined };
  };
}

interface ModuleWrap {
  getStatus(): number;
  getNamespace(): Record<string, unknown>;
}

/** V8's `Module::Status`, the same from Node 20 to 26: its top level has begun, and, if nothing of it is asynchronous, has ended. */
const [EVALUATING, EVALUATED] = [3, 4];

const require = createRequire(import.meta.url);
const load = <T>(id: string): T => require(id) as T;

/** Takes the references that are needed, and makes `internal/...` unknown again. */
function takeInside(): Inside {
  // It warns that this is for tests only.
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    const { internalBinding } = load<{ internalBinding(name: string): any }>("internal/test/binding");
    const { loadBuiltinModule } = load<{ loadBuiltinModule(id: string): object }>("internal/modules/helpers");
    const timers = load<Omit<Inside, "immediateInfo" | "toggleImmediateRef" | "exportsOf">>("internal/timers");
    const { getOrInitializeCascadedLoader } = load<ModuleLoading>("internal/modules/esm/loader");
    const { immediateInfo, toggleImmediateRef } = internalBinding("timers") as Pick<
      Inside,
      "immediateInfo" | "toggleImmediateRef"
    >;
    const builtin = loadBuiltinModule("fs").constructor as unknown as Builtin;
    builtin.setRealmAllowRequireByUsers([...builtin.map.keys()].filter((id) => !id.startsWith("internal/")));
    const names = Object.freeze(builtinModules.filter((id) => !id.startsWith("internal/")));
    (load("node:module") as { builtinModules: readonly string[] }).builtinModules = names;
    syncBuiltinESMExports();
    const { timerListMap, timerListQueue, immediateQueue } = timers;
    const exportsOf = (url: string): Record<string, unknown> | undefined => {
      const module = getOrInitializeCascadedLoader().loadCache.get(url)?.module;
      const status = module?.getStatus() ?? 0;
      return status === EVALUATING || status === EVALUATED ? module?.getNamespace() : undefined;
    };
    return { timerListMap, timerListQueue, immediateQueue, immediateInfo, toggleImmediateRef, exportsOf };
  } finally {
    process.emitWarning = emitWarning;
    delete (globalThis as Record<string, unknown>)["internalBinding"];
    delete (globalThis as Record<string, unknown>)["primordials"];
  }
}

/** What `brood run` has put before the program is not the program's, nor what it starts. */
function hideFlags(): void {
  const own = /^--(single-threaded|v8-pool-size=1|disable-sigusr1|expose-internals)$/;
  const left: string[] = [];
  for (let at = 0; at < process.execArgv.length; at++) {
    const flag = process.execArgv[at] as string;
    if (own.test(flag)) continue;
    if (flag === "--require" && process.execArgv[at + 1] === __filename) at += 1;
    else left.push(flag);
  }
  process.execArgv = left;
}

// V8 takes compiled code only under the flags that it was compiled under.
const flags = [...process.execArgv, process.env["NODE_OPTIONS"] ?? ""];
const inside = takeInside();
hideFlags();
if (isMainThread) {
  const file = `${__dirname}/live-process.cjs`;
  // Who has set these flags is not to have them changed.
  const whole = !/lazy|compilation[-_]cache/.test(flags.join(" "));
  const { exports: live, keep } = loadCached<typeof LiveProcess>(file, require, codeCacheFile(file, flags), whole);
  keep(live.keepCode);
  // Else V8 forgets the code of what has not run for a while, as that of an actor's beginning has not.
  setFlagsFromString("--no-flush-bytecode");
  const prepared = live.prepareLive(inside, (url) => import(url) as Promise<Record<string, unknown>>);
  makeReady({
    rehearse: () => live.rehearseLive(prepared),
    isQuiet: () => live.isQuiet(inside),
    obstacle: () => live.obstacle(prepared),
    become: (birth: LiveBirth) => live.becomeLive(prepared, birth),
  });
}
for (const file of Object.keys(require.cache)) if (file.startsWith(__dirname)) delete require.cache[file];
