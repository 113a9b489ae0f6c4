// What laws can need, and which spawn method lacks it: for good, because of what the method is, or until a later part brings it.
import type { SpawnMethod } from "../context/surface.js";

export type Need =
  /** An actor has an operating-system process: a pid, signals, an environment, descriptors. */
  | "process"
  /** An actor is a Node program: it loads its modules when it starts, and inherits what Node's programs inherit. */
  | "node"
  /** An actor has flags of Node of its own. */
  | "flags"
  /** An actor loads its modules, and runs their top level. */
  | "loading"
  /** Any thread may start an actor. */
  | "any thread"
  /** An actor is forked, of a template or of the program. */
  | "fork"
  /** An actor is forked of a template. */
  | "template"
  /** An actor is a component on the engine of this process. */
  | "component"
  /** An actor hears of every promise that is rejected and that nobody handles. */
  | "unhandled rejections"
  /** An actor starts actors of its own. */
  | "nested nurseries"
  /** The suite runs in the main thread: signals arrive there, and a law about a whole program says nothing of another thread. */
  | "main thread";

/** Why a law is not run. */
export interface Lack {
  /** The method, as it stands in the table: "has no process". */
  readonly why: string;
  /** What brings it; undefined where nothing will, because the law does not speak of such methods. */
  readonly until?: string;
}

/** Where the suite runs. */
export type Thread = "main thread" | "worker thread";

const LACKS: Readonly<Record<SpawnMethod | "wasm", Partial<Record<Need, Lack>>>> = {
  forkserver: { component: { why: "is no component" } },
  main_thread_forkserver: {
    component: { why: "is no component" },
    template: { why: "has no template" },
    flags: { why: "has the flags of its host" },
    loading: { why: "has the modules that its host has loaded" },
    "any thread": { why: "is started by the main thread" },
  },
  exec: {
    component: { why: "is no component" },
    fork: { why: "is not forked" },
    template: { why: "has no template" },
  },
  wasm: {
    process: { why: "has no process" },
    node: { why: "has no Node" },
    flags: { why: "has no Node" },
    loading: { why: "has no Node" },
    fork: { why: "is not forked" },
    template: { why: "has no template" },
    "unhandled rejections": { why: "its engine tells nobody of them, but for those of callbacks" },
  },
};

/** Why `method` cannot be held to a law with these needs; undefined where it can. */
export function lackOf(method: SpawnMethod, thread: Thread, needs: readonly Need[]): Lack | undefined {
  const own = LACKS[method];
  const lacks: Partial<Record<Need, Lack>> =
    thread === "main thread" ? own : { ...own, "main thread": { why: "is a matter of the main thread" } };
  const found = needs.flatMap((need) => lacks[need] ?? []);
  // What will never be there says more than what is not there yet.
  return found.find(({ until }) => until === undefined) ?? found[0];
}
