// What a process actor does, started or forked. It proves itself, learns from its Spec who it is, loads the actor's module, and hands
// the channel to the task loop. It leaves by its own decision only after everything sent is with the system.
import type { AsyncLocalStorage } from "node:async_hooks";
import { format } from "node:util";
import { definitionOf, type Definition } from "../actor/define.js";
import type { Host } from "../actor/host.js";
import { readyOf, TaskLoop } from "../actor/loop.js";
import type { ActorInfo, Nursery } from "../context/surface.js";
import { InvalidMessage } from "../errors/kinds.js";
import { loadForkserver } from "../native/load.js";
import type { openTaskNursery } from "../nursery/open.js";
import { decodeSpec, encodeError, encodeHello, encodeLog } from "../protocol/bodies.js";
import { Channel } from "../protocol/channel.js";
import { CHANNEL_FD, CHANNEL_VARIABLE } from "../protocol/entry-contract.js";
import { describeError } from "../protocol/error-data.js";
import { FrameType } from "../protocol/frame.js";
import { LEVELS, settle, type Here } from "../protocol/here.js";
import { encodePacked } from "../protocol/payload.js";
import { titleOf } from "../protocol/title.js";
import { PROTOCOL_VERSION } from "../protocol/version.js";
import { SocketTransport } from "../spawn/socket-transport.js";
import { givenBy } from "./given.js";
import { loadHint } from "./load-hint.js";
import { preload } from "./preload.js";

export { keepCode } from "./keep-code.js";

/** sysexits.h EX_PROTOCOL: the host broke the protocol. */
const EXIT_PROTOCOL = 76;
/** Node's own code for an uncaught error. */
const EXIT_FAILED = 1;
/** How long goodbye may wait for a host that does not read, in ms. */
const LEAVE_WAIT = 200;
/** Longer log texts are cut: a log is for people. */
const LOG_CHARACTERS = 16 * 1024;

type Spec = ReturnType<typeof decodeSpec>;

/** What the loader gives, since compiled code from a cache can have no import() of its own. */
export interface Loader {
  import(url: string): Promise<Record<string, unknown>>;
  /** The actor is ready. */
  ready(): void;
  /** Set where all of it is only rehearsed, in a process that is no actor: called at its end. */
  rehearsed?(): void;
}

/** What a process actor needs to speak with its host. */
export interface ActorBirth {
  /** Proves that it is the process that was meant. */
  readonly token: string;
  /** Its end of the channel. */
  readonly channel: number;
}

/** What a fresh process was born with: in its environment and at fixed descriptors. It arms its lifeline. */
export function bornByExec(): ActorBirth {
  return { token: givenBy(CHANNEL_VARIABLE, "actors"), channel: CHANNEL_FD };
}

/** Begins the life of an actor; everything else follows from what the host answers. */
export function begin(from: Loader, birth: ActorBirth): void {
  new ActorProcess(from, birth.channel).sayHello(birth.token);
}

/** The same where the token is not known yet: it comes through the channel, before all else. */
export function beginLater(from: Loader, channel: number, birth: BirthReader): void {
  new ActorProcess(from, channel).awaitBirth(birth);
}

/** Is given what has come, from the start. @returns how many bytes it needs; from then on the token, and how many bytes it took */
export type BirthReader = (bytes: Uint8Array) => number | { readonly token: string; readonly length: number };

class ActorProcess {
  readonly #loader: Loader;
  readonly #transport: SocketTransport;
  readonly #channel: Channel;
  #place: Here | undefined;
  #loop: TaskLoop | undefined;
  /** Whom what comes is for; at first that may be the birth. */
  #received = (bytes: Uint8Array): void => this.#channel.received(bytes);
  #leaving = false;
  /** When this actor must be gone, once it is being cancelled; on the clock of performance.now(). */
  #endsAt: number | undefined;
  /** Told apart by it: what comes of the main module's top level, however much later, and what the actor is asked to do. */
  #mainModule: AsyncLocalStorage<true> | undefined;

  constructor(loader: Loader, fd: number) {
    this.#loader = loader;
    this.#transport = new SocketTransport(fd, {
      received: (bytes) => this.#received(bytes),
      drained: () => this.#channel.drained(),
      ended: () => this.#channel.ended(),
    });
    this.#channel = new Channel(this.#transport, {
      message: (type, flags, context, payload) => {
        if (type === FrameType.Spec && this.#place === undefined) {
          void this.#live(decodeSpec(payload, flags));
        } else if (this.#loop !== undefined) {
          this.#loop.message(type, flags, context, payload);
        } else {
          throw new InvalidMessage(`a frame of type ${type} before Ready`);
        }
      },
      closed: (breach) => {
        if (breach !== undefined) process.stderr.write(`brood: the host broke the protocol: ${breach.why}\n`);
        // Without a host there is nobody to work for.
        this.#leave(breach === undefined ? 0 : EXIT_PROTOCOL);
      },
    });
  }

  /** Before anything has come. */
  awaitBirth(birth: BirthReader): void {
    let [parts, have, need]: [Buffer[], number, number] = [[], 0, 0];
    const received = this.#received;
    this.#received = (bytes) => {
      parts.push(Buffer.from(bytes));
      have += bytes.length;
      if (have < need) return;
      const all = Buffer.concat(parts);
      const born = birth(all);
      if (typeof born === "number") {
        [parts, need] = [[all], born];
        return;
      }
      this.#received = received;
      this.sayHello(born.token);
      if (born.length < all.length) received(all.subarray(born.length));
    };
  }

  sayHello(token: string): void {
    const hello = { version: PROTOCOL_VERSION, token, pid: process.pid, node: process.version };
    this.#channel.send(FrameType.Hello, 0, 0, encodeHello(hello));
    this.#channel.flush();
  }

  async #live(spec: Spec): Promise<void> {
    const { actor, parent, root, path, logLevel } = spec;
    const loadingMain = (): boolean => this.#mainModule?.getStore() === true;
    const left = (): number | undefined =>
      this.#endsAt === undefined ? undefined : Math.max(1, this.#endsAt - performance.now());
    const place: Here = {
      id: actor,
      parent,
      root,
      path,
      logLevel,
      main: spec.main,
      get loadingMain() {
        return loadingMain();
      },
      get endingWithin() {
        return left();
      },
    };
    this.#place = place;
    const info: ActorInfo = {
      id: actor,
      parent,
      root,
      path,
      spawnMethod: spec.spawnMethod as ActorInfo["spawnMethod"],
      logLevel: logLevel as ActorInfo["logLevel"],
    };
    let phase: "load" | "setup" = "load";
    if (this.#loader.rehearsed === undefined) {
      settle(place);
      // A fork was told before.
      if (spec.spawnMethod === "exec") process.title = titleOf(path, process.ppid);
      process.on("uncaughtExceptionMonitor", (error) => {
        if (process.listenerCount("uncaughtException") > 0 || process.hasUncaughtExceptionCaptureCallback()) return;
        this.#say(phase, error, actor);
      });
      process.once("exit", () => this.#loop?.abandon());
    }
    try {
      const definition = await this.#load(spec);
      this.#loop = new TaskLoop(this.#channel, {
        definition,
        ready: encodePacked(readyOf(definition), "Ready"),
        host: this.#hostFor(info),
        actor: info,
        cancelTimeout: spec.cancelTimeout,
        encode: encodePacked,
        ending: (within) => {
          this.#endsAt = performance.now() + within;
        },
      });
      phase = "setup";
      await this.#loop.begin();
      this.#loader.ready();
    } catch (error) {
      this.#say(phase, error, actor);
      // Where a syntax error is, Node tells in its own report of an uncaught error and nowhere else.
      if (phase === "load" && error instanceof SyntaxError) {
        setImmediate(() => this.#leave(EXIT_FAILED));
        throw error;
      }
      this.#leave(EXIT_FAILED);
    }
  }

  async #load(spec: Spec): Promise<Definition> {
    if (spec.module === undefined) throw new InvalidMessage("its Spec names no module");
    const bare = (url: string): string => url.replace(/[?#].*$/, "");
    let exports: Record<string, unknown> | undefined;
    if (spec.preload !== undefined) await preload(spec.preload, spec.module);
    if (spec.inheritMain && spec.main !== undefined) {
      const { main } = spec;
      const asyncHooks = (await this.#loader.import(
        "node:async_hooks",
      )) as unknown as typeof import("node:async_hooks");
      this.#mainModule = new asyncHooks.AsyncLocalStorage();
      const { module } = spec;
      const definedThere = bare(module) === main;
      const loaded = await this.#mainModule.run(true, () => this.#import(definedThere ? module : main));
      if (definedThere) exports = loaded;
      // A promise that its top level left to itself, as in `main();`, fails the start if it has failed by now.
      await new Promise((resolve) => setImmediate(resolve));
    }
    exports ??= await this.#import(spec.module);
    return definitionOf(exports, spec.module);
  }

  async #import(module: string): Promise<Record<string, unknown>> {
    try {
      return await this.#loader.import(module);
    } catch (error) {
      const hint = loadHint(module, error);
      if (hint !== "" && error instanceof Error) error.message = `${error.message.replace(/\.?$/, ".")}${hint}`;
      throw error;
    }
  }

  #hostFor(info: ActorInfo): Host {
    const most = LEVELS.indexOf(info.logLevel);
    return {
      now: () => performance.now(),
      leave: (code) => this.#leave(code),
      log: (level, values) => {
        // What the level silences is not even rendered.
        if (level <= most)
          this.#channel.send(FrameType.Log, 0, 0, encodeLog(level, format(...values).slice(0, LOG_CHARACTERS)));
      },
      openNursery: async (options, bound): Promise<Nursery> => {
        // Few actors start actors: the host's side is loaded when the first one does, and shared with the copy that the
        // user's modules import.
        const file = new URL("../nursery/open.js", import.meta.url).href;
        const open = (await this.#loader.import(file)) as { openTaskNursery: typeof openTaskNursery };
        return open.openTaskNursery(options, bound);
      },
    };
  }

  /** Tells the host what went wrong with this actor as a whole. */
  #say(phase: "load" | "setup", error: unknown, self: ActorInfo["id"]): void {
    this.#channel.send(
      FrameType.Error,
      0,
      0,
      encodeError({ kind: "thrown", phase, error: describeError(error, self) }),
    );
    this.#channel.flush();
  }

  /** Ends this process: exit listeners run, nothing is joined or awaited. */
  #leave(code: number): void {
    if (this.#leaving) return;
    this.#leaving = true;
    if (this.#loader.rehearsed !== undefined) {
      this.#transport.destroy();
      return this.#loader.rehearsed();
    }
    const { exitNow } = loadForkserver();
    const go = (): never => {
      (process as unknown as { reallyExit(status?: number): never }).reallyExit = (status) => exitNow(status ?? code);
      process.exit(code);
    };
    this.#channel.flush();
    if (this.#transport.ahead === 0) go();
    const until = performance.now() + LEAVE_WAIT;
    const wait = (): void => {
      if (this.#transport.ahead === 0 || performance.now() > until) go();
      setImmediate(wait);
    };
    wait();
  }
}
