// The actor of the chaos test: it answers fast, slowly and never, speaks through streams in every way, comes to harm on request, and grows
// actors like itself below it, over any spawn method.
import { context, defineActor, endpoint, type } from "brood/actor";
import { actor, type ActorId, type Context, type Portal } from "brood";
import { builtin, ownProcess } from "#brood/testing/builtin.js";
import { flatExit, type FlatExit } from "../chaos/exit.js";

/** What is to be grown: one nursery of actors. */
export interface Level {
  readonly onDeath: "fail" | "report";
  readonly actors: readonly Sapling[];
}

export interface Sapling {
  readonly name: string;
  /** Of its start. */
  readonly options: object;
  /** Below it; undefined: nothing. */
  readonly below: Level | undefined;
}

export interface Grown {
  readonly name: string;
  readonly id: ActorId;
}

/** An actor further down has ended. */
export interface Fallen {
  readonly name: string;
  readonly exit: FlatExit;
}

type Self = typeof import("./chaos.js");
type Endpoints = Self["default"]["endpoints"];

/** A guest has no module of its own to name, and is started beside its own component. */
const self = actor<Self>(new URL(import.meta.url));

const below = new Map<string, Portal<Endpoints>>();

const cancelled = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const anything = { receives: type<any>(), sends: type<any>() };

/** Passes on what a level further down tells. */
async function passOn(from: Context<any, unknown>, to: (fallen: Fallen) => Promise<void>): Promise<void> {
  for await (const fallen of from.stream) await to(fallen as Fallen);
}

export default defineActor({
  add: (a: number, b: number) => a + b,
  /** Answers after some time, unless it is cancelled. */
  slow: endpoint(async (task, ms: number, value: number) => {
    await Promise.race([sleep(ms), cancelled(task.signal)]);
    return value;
  }),
  /** Never answers; obeys its cancel. */
  heed: endpoint((task) => cancelled(task.signal)),
  /** Never answers, and does not hear of its cancel. */
  ignore: endpoint(() => new Promise<never>(() => {})),
  fail: (message: string) => {
    throw new RangeError(message);
  },
  /** Sends back what comes, until that ends; returns how many. */
  echo: context(anything, async (task) => {
    let count = 0;
    for await (const message of task.stream) {
      await task.stream.send(message);
      count++;
    }
    return count;
  }),
  count: async function* (to: number) {
    for (let n = 0; n < to; n++) yield n;
    return to;
  },
  /** In messages that take many frames. */
  pour: async function* (messages: number) {
    for (let left = messages; left > 0; left--) yield new Uint8Array(100_000);
  },
  endless: async function* () {
    for (let n = 0; ; n++) {
      yield n;
      if (n % 100 === 0) await sleep(1);
    }
  },
  /** Started, and nothing further. */
  linger: context({ started: type<string>(), ...anything }, async (task) => {
    await task.started("there");
    return cancelled(task.signal);
  }),
  /** Reads nothing of what comes. */
  deafen: context({ started: type<string>(), ...anything }, async (task) => {
    await task.started("there");
    await cancelled(task.signal);
  }),
  /** Throws once it has started. */
  stumble: context({ started: type<string>() }, async (task, message: string) => {
    await task.started("there");
    throw new RangeError(message);
  }),

  // Harm. Nobody is answered: whoever asks for it hears of its end.

  uncaught: (message: string) => {
    setTimeout(() => {
      throw Object.assign(new Error(message), { name: "Harmed" });
    }, 0);
    return new Promise<never>(() => {});
  },
  /** Of a process. */
  leave: (code: number) => {
    setTimeout(() => ownProcess().exit(code), 0);
    return new Promise<never>(() => {});
  },
  loop: () => {
    for (;;);
  },
  hoard: () => {
    for (const all = []; ;) all.push(new Array(1000).fill(all.length));
  },
  /** Writes what is no frame into its own channel; of a process. */
  babble: () => {
    const { readdirSync, readlinkSync, writeSync } = builtin("fs");
    const isSocket = (fd: number): boolean => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
      } catch {
        // The descriptor that read the directory.
        return false;
      }
    };
    const channel = Math.min(
      ...readdirSync("/proc/self/fd")
        .map(Number)
        .filter((fd) => fd > 2 && isSocket(fd)),
    );
    const speak = (): void => {
      try {
        writeSync(channel, new Uint8Array(64).fill(0xff));
      } catch {
        // There is no room yet.
        setTimeout(speak, 1);
      }
    };
    speak();
    return new Promise<never>(() => {});
  },

  // Trees.

  /** A level of actors below this one, as long as nothing ends it; tells of those that end. */
  grow: context({ started: type<Grown[]>(), sends: type<Fallen>() }, async (task, level: Level) => {
    const nursery = await task.openNursery({ onDeath: level.onDeath });
    const grown: Grown[] = [];
    const further: Context<any, unknown>[] = [];
    const portals: Portal<Endpoints>[] = [];
    for (const { name, options, below: next } of level.actors) {
      const portal = await nursery.start(self, { ...options, name, stdio: "ignore" });
      below.set(name, portal);
      portals.push(portal);
      grown.push({ name, id: portal.id });
      if (next === undefined) continue;
      const context = await portal.open("grow", next);
      further.push(context);
      grown.push(...context.startedValue);
    }
    await task.started(grown);
    const tell = (fallen: Fallen): Promise<void> => task.stream.send(fallen).catch(() => {});
    for (const portal of portals)
      void portal.exited.then((exit) => tell({ name: portal.id.name, exit: flatExit(exit) }));
    // How that level ended is told by the end of its actor, or by itself.
    for (const context of further) void passOn(context, tell).catch(() => {});
    return cancelled(nursery.signal);
  }),
  /** Asks an actor further down: the last of `path`. */
  relay: endpoint(async (task, path: readonly string[], name: string, args: readonly unknown[]): Promise<unknown> => {
    const [next, ...rest] = path;
    const portal = below.get(next as string)?.with({ signal: task.signal });
    if (portal === undefined) throw Object.assign(new Error(`${next} is not there`), { name: "Absent" });
    try {
      return rest.length === 0
        ? await (portal as Portal<any>).call(name, ...args)
        : await portal.call("relay", rest, name, args);
    } catch (error) {
      if (task.signal.aborted) throw task.signal.reason;
      throw error;
    }
  }),
});
