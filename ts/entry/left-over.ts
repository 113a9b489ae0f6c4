// What loading a module leaves behind that a fork would tear apart or double: timers, handles, requests in flight, threads, children,
// open files. Everything found is named: what it is, and the line that made it.
import { createHook } from "node:async_hooks";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setImmediate as turn, setTimeout as pause } from "node:timers/promises";
import type { Thread } from "../native/forkserver.js";

/** How long what is still going on after a module was loaded may go on, in ms. */
const SETTLING = 1_000;
/** Between two looks, in ms. */
const LOOK = 5;

/** What a fork must not find, by the name that Node's async_hooks have for it. */
const THINGS: Readonly<Record<string, string>> = {
  Timeout: "a timer",
  Immediate: "a setImmediate that never ends",
  TCPSERVERWRAP: "a server that listens",
  PIPESERVERWRAP: "a server that listens",
  TCPWRAP: "a socket",
  TLSWRAP: "a socket",
  HTTP2SESSION: "an HTTP/2 session",
  PIPEWRAP: "a pipe",
  TTYWRAP: "a terminal",
  UDPWRAP: "a UDP socket",
  PROCESSWRAP: "a child process",
  WORKER: "a worker thread",
  FSEVENTWRAP: "a watch on files",
  STATWATCHER: "a watch on a file",
  SIGNALWRAP: "a listener for a signal",
  DIRHANDLE: "an open directory",
};
/** Requests to the system or to libuv's threads: they end by themselves, or they do not. */
const REQUEST = /(?:REQ|REQWRAP|REQCALLBACK|REQPROMISE|REQUEST|JOB|WRAP)$/;
/** Not requests, and nothing that a fork harms. */
const HARMLESS = new Set(["DNSCHANNEL", "ELDHISTOGRAM", "CPUHEAPPROFILERCOMMAND", "INSPECTORJSBINDING"]);

interface Found {
  readonly what: string;
  readonly where: string | undefined;
  readonly resource: WeakRef<object>;
  readonly type: string;
}

/** One thing that is there and should not be. */
export interface Culprit {
  /** As "a timer". */
  readonly what: string;
  /** The line that made it, where that is known: `file:line:column`. */
  readonly where?: string;
}

export class LeftOverWatch {
  readonly #threads: () => readonly Thread[];
  readonly #collect: () => void;
  readonly #live = new Map<number, Found>();
  readonly #hook;
  #known: ReadonlySet<number>;
  #files: ReadonlyMap<string, string>;
  /** Native modules, and how many threads each had started when it was loaded. */
  readonly #addons: { readonly file: string; readonly threads: number }[] = [];

  /**
   * @param threads those of this process, now
   * @param collect a full garbage collection
   */
  constructor(threads: () => readonly Thread[], collect: () => void) {
    this.#threads = threads;
    this.#collect = collect;
    this.#known = new Set(threads().map(({ tid }) => tid));
    this.#files = openFiles();
    this.#hook = createHook({
      init: (id, type, _trigger, resource) => this.#born(id, type, resource),
      destroy: (id) => void this.#live.delete(id),
    });
    this.#hook.enable();
    this.#watchAddons();
  }

  /** Resolves when what ends by itself has ended, or its time is over. @returns what is left, those with a line first */
  async settle(): Promise<Culprit[]> {
    const until = performance.now() + SETTLING;
    for (let look = 0; ; look++) {
      await turn();
      await turn();
      if (look === 1) this.#collect();
      const left = this.#look();
      if (left.length === 0 && look > 0) return [];
      const late = performance.now() > until;
      if (late || (look > 2 && left.every(({ lasting }) => lasting)))
        return left.map(({ what, where }) => (where === undefined ? { what } : { what, where }));
      if (left.length > 0) await pause(LOOK);
    }
  }

  /** Ends the watching: what is made from here on is brood's own. */
  end(): void {
    this.#hook.disable();
  }

  #born(id: number, type: string, resource: object): void {
    const what = THINGS[type] ?? (REQUEST.test(type) && !HARMLESS.has(type) ? "a request in flight" : undefined);
    if (what === undefined) return;
    this.#live.set(id, { what, where: callerLine(), resource: new WeakRef(resource), type });
  }

  #look(): { readonly what: string; readonly where: string | undefined; readonly lasting: boolean }[] {
    const left: { what: string; where: string | undefined; lasting: boolean }[] = [];
    for (const [id, { what, where, resource, type }] of this.#live) {
      const object = resource.deref() as { readonly [flag: string]: unknown } | undefined;
      // Timers say so themselves, sooner than the hook does.
      if (object === undefined || object["_destroyed"] === true) {
        this.#live.delete(id);
        continue;
      }
      const request = what === "a request in flight";
      left.push({ what: request ? `${what} (${type})` : what, where, lasting: !request && type !== "Immediate" });
    }
    for (const { tid, name } of this.#threads()) {
      if (this.#known.has(tid)) continue;
      const by = this.#addons.filter(({ threads }) => threads > 0).map(({ file }) => file);
      const loaded = by.length > 0 ? by : this.#addons.map(({ file }) => file);
      const from = loaded.length === 0 ? "" : `; native modules that were loaded: ${loaded.join(", ")}`;
      left.push({ what: `a thread (${name}${from})`, where: undefined, lasting: true });
    }
    for (const pid of children()) left.push({ what: `a child process (${pid})`, where: undefined, lasting: true });
    if (left.length === 0) {
      for (const [fd, target] of openFiles()) {
        if (this.#files.get(fd) === target || HELD.test(target)) continue;
        left.push({ what: `an open descriptor (${target})`, where: undefined, lasting: true });
      }
    }
    left.sort((a, b) => Number(a.where === undefined) - Number(b.where === undefined));
    // A worker is a thread as well, and a child process has pipes: the line says it all.
    return left.some(({ where, lasting }) => where !== undefined && lasting)
      ? left.filter(({ where, what }) => where !== undefined || !/^(a thread|a child)/.test(what))
      : left;
  }

  #watchAddons(): void {
    const dlopen = process.dlopen.bind(process);
    const addons = this.#addons;
    const threads = this.#threads;
    process.dlopen = (module: object, file: string, flags?: number): void => {
      const before = threads().length;
      if (flags === undefined) dlopen(module, file);
      else dlopen(module, file, flags);
      addons.push({ file, threads: threads().length - before });
    };
  }
}

/** What Node itself opens for good, and may open at any time. */
const HELD = /^(anon_inode:\[(eventpoll|eventfd|io_uring)\]|\/dev\/(null|urandom|random))$|^\/proc\//;

function openFiles(): Map<string, string> {
  const found = new Map<string, string>();
  let names: string[] = [];
  try {
    names = readdirSync("/proc/self/fd");
  } catch {
    // Without /proc nothing forks.
  }
  for (const fd of names) {
    try {
      found.set(fd, readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      // The descriptor that read the directory.
    }
  }
  return found;
}

function children(): string[] {
  try {
    return readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ").filter(Boolean);
  } catch {
    // A kernel without this file; Node's own children are known from its handles.
    return [];
  }
}

/** The nearest line of code that is neither Node's nor brood's. */
function callerLine(): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 40;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = limit;
  for (const line of stack.split("\n").slice(1)) {
    const [, place] = /^ +at (?:.* \()?(.*?)\)?$/.exec(line) ?? [];
    if (place === undefined || /^(node:|native$|<anonymous>)/.test(place) || place.includes(__dirname)) continue;
    return place.startsWith("file:") ? decodeURI(place.slice("file://".length)) : place;
  }
  return undefined;
}
