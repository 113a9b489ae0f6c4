// What becomes of a program that was forked in the middle of its work: in the child nothing of what the program was about to do is done.
// It is an actor, with everything that the program had in memory.
import { createReadStream } from "node:fs";
import { url as inspectorUrl } from "node:inspector";
import { Socket } from "node:net";
import type { Worker } from "node:worker_threads";
import { loadForkserver } from "../native/load.js";
import type { LiveBirth } from "../protocol/live-contract.js";
import { isForkNow } from "../protocol/forks.js";
import { inherit } from "../protocol/offers.js";
import { begin, type Loader } from "./actor-process.js";
import { listenersNow, removeOthers, settle, settlePid, surroundings, type Listeners } from "./become.js";
import { leaveBySystem } from "./forked-exit.js";
import { quickImport } from "./quick-import.js";
import { rehearseAll } from "./rehearsal.js";
import { takeOverRandomness, type Randomness } from "./randomness.js";

export { keepCode } from "./keep-code.js";

interface QueuedImmediate {
  readonly _idleNext: QueuedImmediate | null;
  hasRef(): boolean;
}

/** Where that stands in `immediateInfo`. */
const REFERENCED = 1;

/** What of Node's inside a child has to empty: the timers and immediates of the program that it was. */
export interface Inside {
  readonly timerListMap: Record<string, unknown>;
  readonly timerListQueue: { peek(): unknown; shift(): unknown };
  readonly immediateQueue: { head: QueuedImmediate | null; tail: QueuedImmediate | null };
  /** How many immediates there are, how many of all keep the loop alive, and whether some are left over: Node's loop looks at it. */
  readonly immediateInfo: Uint32Array;
  /** Whether Node's loop is kept going for immediates. */
  toggleImmediateRef(on: boolean): void;
  /** The exports of a module that is loaded, or is being loaded: a program that awaits its actors at its top level never ends loading. */
  exportsOf(url: string): Record<string, unknown> | undefined;
}

type Import = (url: string) => Promise<Record<string, unknown>>;

/** What is known of the program before it runs. */
export interface Prepared {
  readonly inside: Inside;
  readonly randomness: Randomness;
  readonly load: Import;
  /** Node's own, which stay. */
  readonly listeners: Listeners;
  /** How many threads Node has before libuv has started its pool. */
  readonly threads: number;
  /** Those that live. */
  readonly workers: Set<Worker>;
}

/** Threads of Node's, of libuv's and of brood's own, by their names; those that nobody has named are called as the first one. */
const KNOWN =
  /^(node|MainThread|node-MainThread|V8Worker|node-V8Worker|DelayedTaskSche|SignalInspecto|libuv-worker|brood[- ])/;
/** How long a thread may take to name itself, in ms. */
const NAMING = 20;
/** How long one that was asked for may take to run, on a busy machine; ms. */
const BEGINNING = 1_000;
/** How many threads libuv's pool has, unless UV_THREADPOOL_SIZE says otherwise. */
const POOL = 4;

/** In the program, before any code of the user's. @param load import(), as it stands in a file */
export function prepareLive(inside: Inside, load: Import): Prepared {
  loadForkserver().rememberLoop();
  const workers = new Set<Worker>();
  process.on("worker", (worker) => {
    workers.add(worker);
    worker.once("exit", () => workers.delete(worker));
  });
  return {
    inside,
    randomness: takeOverRandomness(),
    load,
    listeners: listenersNow(),
    threads: loadForkserver().threads().length,
    workers,
  };
}

/** What is in the way of a fork now: a child has none of the program's threads, and whatever these were doing would stay half done. */
export function obstacle({ workers, threads }: Prepared): string | undefined {
  if (inspectorUrl() !== undefined) return "its inspector is open, and a child would have it too";
  if (workers.size > 0) return `it has worker threads (${workers.size})`;
  const most = threads + (Number(process.env["UV_THREADPOOL_SIZE"]) || POOL);
  let foreign = foreignThreads(most);
  // One of brood's own names itself as soon as it runs.
  const mayBeOwn = (waited: number): boolean =>
    waited < NAMING || (waited < BEGINNING && loadForkserver().beginningThreads() > 0);
  for (let waited = 0; foreign !== undefined && mayBeOwn(waited); waited++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    foreign = foreignThreads(most);
  }
  return foreign === undefined ? undefined : `it has threads that are not Node's (${foreign})`;
}

/** In words. @param most how many threads Node may have */
function foreignThreads(most: number): string | undefined {
  const names = loadForkserver()
    .threads()
    .map(({ name }) => name);
  // The first has the title of the process, and who was not named has the name that it had.
  const foreign = names.filter((name) => !KNOWN.test(name) && name !== names[0]);
  if (foreign.length > 0) return [...new Set(foreign)].join(", ");
  const own = names.filter((name) => !name.startsWith("brood-")).length;
  return own > most ? `${own - most}` : undefined;
}

/** Plays the life of an actor through, in this process. */
export function rehearseLive({ load }: Prepared): Promise<void> {
  return rehearseAll(quickImport(load));
}

/** In the child, first of all. */
export function becomeLive({ inside, randomness, load, listeners }: Prepared, birth: LiveBirth): void {
  dropTimers(inside);
  // What the program listened for is the program's.
  removeOthers(listeners);
  if (process.hasUncaughtExceptionCaptureCallback()) process.setUncaughtExceptionCaptureCallback(null);
  const { pid, token, channel, seed } = birth;
  settlePid(pid);
  let loading: string | undefined;
  leaveBySystem(loadForkserver().exitNow, () => loading);
  randomness.renew(seed);
  process.exitCode = undefined;
  freshStdio();
  settle(birth, surroundings());
  isForkNow();
  inherit();
  const loader: Loader = {
    import: async (url) => ready(inside, url) ?? load((loading = url)),
    ready: () => (loading = undefined),
  };
  begin(loader, { token, channel });
}

/**
 * What the program has loaded is taken as it is: whatever its top level still awaits, it does not await here.
 * @throws ReferenceError where that came before its default export
 */
function ready({ exportsOf }: Inside, url: string): Record<string, unknown> | undefined {
  const exports = exportsOf(url);
  try {
    void exports?.["default"];
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    error.message += `: ${url} was at an await of its top level when it was forked; define the actor above that, or in a module of its own`;
    throw error;
  }
  return exports;
}

function dropTimers({ timerListMap, timerListQueue, immediateQueue, immediateInfo, toggleImmediateRef }: Inside): void {
  for (const list of Object.keys(timerListMap)) delete timerListMap[list];
  while (timerListQueue.peek() !== undefined) timerListQueue.shift();
  immediateQueue.head = null;
  immediateQueue.tail = null;
  immediateInfo.fill(0);
  toggleImmediateRef(false);
}

/** Whether no immediate of Node's own, which has no queue that JavaScript could empty, is due. */
export function isQuiet({ immediateQueue, immediateInfo }: Inside): boolean {
  let own = 0;
  for (let each = immediateQueue.head; each !== null; each = each["_idleNext"]) if (each.hasRef()) own++;
  return immediateInfo[REFERENCED] === own;
}

/** Streams over what is at 0 to 2 now. */
function freshStdio(): void {
  const lazy = <T>(name: "stdin" | "stdout" | "stderr", make: () => T): void => {
    let stream: T | undefined;
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => (stream ??= make()) });
  };
  const output = (fd: number): Socket => new Socket({ fd, readable: false, writable: true });
  lazy("stdin", () => createReadStream("", { fd: 0, autoClose: false }));
  lazy("stdout", () => output(1));
  lazy("stderr", () => output(2));
  // It keeps the streams that it has used once.
  for (const name of ["stdout", "stderr"] as const)
    Object.defineProperty(console, `_${name}`, { configurable: true, get: () => process[name] });
}
