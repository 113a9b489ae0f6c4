// What Node is started with in a template: it loads what it is told to preload, looks whether that can be forked, tells its host, and
// then only forks. `serve` returns in each child, which becomes the actor that it was made for.
import { stat } from "node:fs/promises";
import { getHeapCodeStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ForkedChild, Thread } from "../native/forkserver.js";
import { loadForkserver } from "../native/load.js";
import {
  CONTROL_FD,
  TEMPLATE_VARIABLE,
  BIRTH_HEADER,
  type AwaitsBirth,
  type ForkBirth,
  type TemplateOrder,
  type TemplateWord,
} from "../protocol/entry-contract.js";
import { begin as beginActor, beginLater, type Loader } from "./actor-process.js";
import { listenersNow, removeOthers, settle, settlePid, surroundings, type Surroundings } from "./become.js";
import type { Cached } from "./cached.js";
import { leaveBySystem } from "./forked-exit.js";
import { givenBy } from "./given.js";
import { keepCode } from "./keep-code.js";
import { LeftOverWatch, type Culprit } from "./left-over.js";
import { importerAt } from "./preload.js";
import { quickImport } from "./quick-import.js";
import { rehearseAgain, rehearseAll } from "./rehearsal.js";
import { takeOverRandomness, type Randomness } from "./randomness.js";

/** sysexits.h EX_SOFTWARE: the host was told why. */
const EXIT_REFUSED = 70;
/** Threads of a Node that was started for forking, its pool of one included; more are somebody else's. */
const MOST_THREADS = 5;
/** Bytes of a reason: it is for people, and the control socket takes no more than 64 KiB at once. */
const MOST_WORDS = 8_000;

/** Unless a flag says otherwise, what runs often is compiled in a first step that costs little. */
const COMPILES = !process.execArgv.some((flag) => /sparkplug|jitless|lite-mode/.test(flag));

const native = loadForkserver();
let began = 0;
let order: TemplateOrder;
let importHere: (url: string) => Promise<Record<string, unknown>>;
let importSoon: typeof importHere;

/**
 * Becomes a template, and in the end an actor.
 * @param load import(), which compiled code from a cache cannot have
 * @param keep keeps what has been compiled by now
 */
export function begin(load: typeof importHere, keep: Cached<unknown>["keep"]): void {
  began = performance.now();
  order = JSON.parse(givenBy(TEMPLATE_VARIABLE, "templates")) as TemplateOrder;
  importHere = load;
  importSoon = quickImport(load);
  void prepare(keep);
}

async function prepare(keep: Cached<unknown>["keep"]): Promise<void> {
  let current: string | undefined;
  // Nothing is pending, and the module still is: its top level awaits what never comes.
  process.once("beforeExit", () => refuse(current, [{ what: "a top-level await that nothing will ever settle" }]));
  const collect = garbageCollector();
  await startPool();
  // Of the kind that every child has there.
  void process.stdout;
  void process.stderr;
  const randomness = takeOverRandomness();
  const threads = (): readonly Thread[] => native.threads();
  if (threads().length > MOST_THREADS)
    return refuse(undefined, [{ what: `threads that Node's flags did not prevent (${names(threads())})` }]);
  // What has run once stays compiled, whatever is collected.
  setFlagsFromString("--no-flush-bytecode");
  await rehearseAll(importSoon);
  if (order.preload.length > 0) {
    const load = order.from === undefined ? importHere : importerAt(order.from);
    const watch = new LeftOverWatch(threads, collect);
    const before = listenersNow();
    disarm = () => removeOthers(before);
    for (const module of order.preload) {
      current = module;
      try {
        await load(module);
      } catch (error) {
        return fail(module, error);
      }
      const left = await watch.settle();
      if (left.length > 0) return refuse(module, left);
    }
    watch.end();
  }
  process.removeAllListeners("beforeExit");
  keep(keepCode);
  // What was loaded and dropped is not copied with the rest; the second finds what the first has set free. What is left lies together.
  setFlagsFromString("--compact-on-every-full-gc");
  collect();
  if (order.preload.length > 0) collect();
  setFlagsFromString("--no-compact-on-every-full-gc");
  // To compile what has run for a while into plain machine code is not worth a page of its own before an actor is ready.
  if (COMPILES) setFlagsFromString("--no-sparkplug");
  // It completes the sweeping, which each child would do again on pages of its own.
  getHeapCodeStatistics();
  // With nothing pending, and from a shallow stack.
  setImmediate(() => serve(randomness));
}

/** Takes away what the preloaded modules listen for: it is the template that they were to serve. */
let disarm = (): void => {};

function serve(randomness: Randomness): void {
  const ms = performance.now() - began;
  const before = surroundings();
  let child: ForkedChild;
  try {
    say({ kind: "ready", ms, rss: process.memoryUsage.rss(), threads: native.threads().length });
    child = native.serve(CONTROL_FD);
  } catch (error) {
    return refuse(undefined, [{ what: (error as Error).message }]);
  }
  void become(child, randomness, before);
}

/** From here on this is another process. */
async function become(
  { pid, payload, descriptors, seed }: ForkedChild,
  randomness: Randomness,
  before: Surroundings,
): Promise<void> {
  settlePid(pid);
  let loading: string | undefined;
  disarm();
  leaveBySystem(native.exitNow, () => loading);
  randomness.renew(seed);
  const channel = descriptors[0] as number;
  const load = (url: string): ReturnType<typeof importHere> => importSoon((loading = url));
  const ready = (): void => {
    loading = undefined;
    if (COMPILES) setFlagsFromString("--sparkplug");
  };
  const loader: Loader = { import: load, ready };
  const take = (birth: ForkBirth): void => {
    settle(birth, before);
    process.execArgv = [...birth.execArgv];
  };
  const known = JSON.parse(Buffer.from(payload).toString("utf8")) as ForkBirth | AwaitsBirth;
  if (!("awaits" in known)) {
    take(known);
    return beginActor(loader, { token: known.token, channel });
  }
  process.title = "brood (forked ahead)";
  // It has the time: what an actor does first touches pages that are the template's until then.
  await rehearseAgain(importSoon);
  beginLater(loader, channel, (bytes) => {
    const birth = readBirth(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    if (typeof birth === "number") return birth;
    take(birth.birth);
    return { token: birth.birth.token, length: birth.length };
  });
}

/** How many bytes are needed, as long as there are fewer. */
function readBirth(bytes: Buffer): number | { birth: ForkBirth; length: number } {
  if (bytes.length < BIRTH_HEADER) return BIRTH_HEADER;
  const length = BIRTH_HEADER + bytes.readUInt32BE(0);
  if (bytes.length < length) return length;
  return { birth: JSON.parse(bytes.toString("utf8", BIRTH_HEADER, length)) as ForkBirth, length };
}

/** libuv's threads are started by whoever needs the first: here one, by us, so that it is nobody's fault. A child has a pool of
 *  the usual size. */
async function startPool(): Promise<void> {
  process.env["UV_THREADPOOL_SIZE"] = "1";
  await stat(".").catch(() => {});
  delete process.env["UV_THREADPOOL_SIZE"];
}

function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  setFlagsFromString("--no-expose-gc");
  return collect;
}

const names = (threads: readonly Thread[]): string => threads.map(({ name }) => name).join(", ");

function refuse(module: string | undefined, culprits: readonly Culprit[]): void {
  const why = culprits
    .map(({ what, where }) => `it leaves ${what}${where === undefined ? "" : `, made at ${where}`}`)
    .join("; ");
  leave({ kind: "refused", module, why: why.slice(0, MOST_WORDS) });
}

function fail(module: string, error: unknown): void {
  const { name, message, stack } =
    error instanceof Error ? error : { name: "", message: String(error), stack: undefined };
  const why = `${name === "" ? "" : `${name}: `}${message}`.slice(0, MOST_WORDS);
  leave({ kind: "failed", module, why, stack: stack?.slice(0, MOST_WORDS) });
}

function leave(word: TemplateWord): void {
  say(word);
  native.exitNow(EXIT_REFUSED);
}

function say(word: TemplateWord): void {
  native.tell(CONTROL_FD, Buffer.from(JSON.stringify(word)));
}
