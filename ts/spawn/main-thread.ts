// Spawn method `main_thread_forkserver`: an actor is a fork of this very process, with everything that it has in memory at that moment.
// The fork is made at the top of a turn of the event loop. The child leads its own group and its lifeline is armed before its first
// JavaScript; this process is its parent, and reaps it.
import { closeSync, openSync, readdirSync, writeSync } from "node:fs";
import { Unsupported } from "../errors/kinds.js";
import type { ForkedChild, Lifeline, ProcessHandle } from "../native/forkserver.js";
import { forgetInherited, whenInherited } from "../native/inherited.js";
import type { LiveChild, LiveFork } from "../native/live.js";
import { loadForkserver } from "../native/load.js";
import type { Body, BodyEnd, Lateness } from "../protocol/body.js";
import { liveReady, type LiveReady } from "../protocol/live-contract.js";
import { birthOf } from "./birth.js";
import { watchExit } from "./exits.js";
import { ForkEnds } from "./fork-ends.js";
import { forkError } from "./fork-error.js";
import type { BodyOptions, BodyRequest, SpawnMethodImplementation } from "./method.js";
import { checkProcess } from "./process-flags.js";
import { askToEnd, drained, GIVE_UP, inAWhile, killGroup, statusFrom, type ProcessOutput } from "./process-output.js";
import type { SocketTransport } from "./socket-transport.js";

export const mainThreadForkserver: SpawnMethodImplementation = {
  check(what: string, options: BodyOptions): void {
    checkProcess(what, options);
    try {
      checkLive();
    } catch (error) {
      // What else is wrong, with the system or the addon, the start says.
      if (error instanceof Unsupported) throw error;
    }
  },

  spawn(request: BodyRequest): Body {
    return new LiveBody(request);
  },
};

/** @throws {Unsupported} where this process cannot be forked as it is */
function checkLive(): void {
  const why = whyNotLive();
  if (why !== undefined) throw new Unsupported("spawn method main_thread_forkserver", why);
  threadsChecked = threadsNow();
}

/** Why this process cannot be forked as it is; undefined where it can. */
function whyNotLive(): string | undefined {
  const ready = liveReady();
  if (ready === undefined)
    return "this program was not started for it; start it with `brood run app.js`, in the main thread";
  const obstacle = ready.obstacle();
  if (obstacle !== undefined) return `this process cannot be forked: ${obstacle}`;
  return loadForkserver().liveForkObstacle() ?? undefined;
}

/** The threads that there were when nothing was in the way. */
let threadsChecked = "";

function threadsNow(): string {
  return readdirSync("/proc/self/task").join();
}

/** sysexits.h EX_SOFTWARE. */
const EXIT_BROKEN = 70;

let rehearsed: Promise<void> | undefined;

/** A help and no need: where there is no room for it now, it is tried again. */
function rehearse(): Promise<void> {
  const over = (liveReady() as LiveReady).rehearse();
  return over.catch(() => (rehearsed = undefined));
}

/** One fork at a time: the others wait for it. */
let last: Promise<void> = Promise.resolve();
whenInherited(() => (last = Promise.resolve()));

/**
 * @param wanted whether it still is when its turn comes, told whether an earlier turn was none for it; undefined is returned where it is not
 * @param become what the child does with itself, which has nobody who waits for the promise
 */
function forkInTurn(
  ends: ForkEnds,
  wanted: (again: boolean) => boolean,
  become: (child: ForkedChild) => void,
): Promise<LiveFork | undefined> {
  const fork = last.then(async () => {
    for (let turn = 1; wanted(turn > 1); turn++) {
      const forked = await forkNow(ends, become);
      if (forked.failure?.code !== "EAGAIN") return forked;
      // Something of the program is about to end. Most of that has by the next turn.
      await new Promise((resolve) => (turn < SOON ? setImmediate(resolve) : setTimeout(resolve, LATER)));
    }
    return undefined;
  });
  last = fork.then(
    () => {},
    () => {},
  );
  return fork;
}

/** So many turns are tried one after the other, and then one each so many ms. */
const [SOON, LATER] = [20, 2];

/** In the next turn of the loop, or not: EAGAIN. */
function forkNow(ends: ForkEnds, become: (child: ForkedChild) => void): Promise<LiveFork> {
  return new Promise((resolve, reject) => {
    const native = loadForkserver();
    let refusal: unknown;
    /** The program has gone on since it was asked for. */
    const mayFork = (): boolean => {
      try {
        if (threadsNow() !== threadsChecked) checkLive();
        return liveReady()?.isQuiet() === true;
      } catch (error) {
        refusal = error;
        return false;
      }
    };
    let input: number | undefined;
    try {
      input = openSync("/dev/null", "r");
      native.forkLive(ends.given(input), mayFork, (forked) => {
        if (forked.child === undefined) return refusal === undefined ? resolve(forked) : reject(refusal as Error);
        try {
          become(forked.child);
        } catch (error) {
          // Nothing of the program may go on here.
          try {
            writeSync(2, `brood: a fork cannot begin: ${String((error as Error | undefined)?.stack ?? error)}\n`);
          } finally {
            native.exitNow(EXIT_BROKEN);
          }
        }
      });
    } catch (error) {
      reject(error as Error);
    } finally {
      // The request has copies.
      if (input !== undefined) closeSync(input);
    }
  });
}

class LiveBody implements Body {
  readonly gone: Promise<BodyEnd>;
  pause: number | undefined;
  readonly #request: BodyRequest;
  #resolve!: (end: BodyEnd) => void;
  #stage: "new" | "asked" | "alive" | "over" = "new";
  #killed = false;
  /** The last turn was none for it. */
  #busy = false;
  #handle: ProcessHandle | undefined;
  #child: LiveChild | undefined;
  #lifeline: Lifeline | undefined;
  #unwatch: (() => void) | undefined;
  #transport: SocketTransport | undefined;
  #output: ProcessOutput | undefined;
  #ended = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(request: BodyRequest) {
    this.#request = request;
    this.gone = new Promise((resolve) => (this.#resolve = resolve));
  }

  get pid(): number | undefined {
    return this.#handle?.pid;
  }
  /** Nobody else was given its channel. */
  get known(): boolean {
    return true;
  }
  get ended(): boolean {
    return this.#ended;
  }

  doing(): Lateness | undefined {
    if (this.#stage === "alive") return undefined;
    const why = this.#busy
      ? ", since in every turn a handle of it was closing, or what it has written to its output waited for its reader"
      : "";
    return { phase: "spawn", got: `this process had not forked itself${why}` };
  }

  begin(): void {
    this.#stage = "asked";
    void this.#fork();
  }

  terminate(): void {
    if (this.#stage !== "alive") return this.kill();
    askToEnd(this.#handle);
  }

  kill(): void {
    if (this.#stage === "over" || this.#killed) return;
    this.#killed = true;
    if (this.#stage === "new") return this.#over({ kind: "lost" });
    this.#lifeline?.release();
    if (this.#handle === undefined) return;
    killGroup(this.#handle);
    if (!this.#ended) this.#timer = inAWhile(GIVE_UP, () => this.#over({ kind: "lost" }));
  }

  async #fork(): Promise<void> {
    let ends: ForkEnds | undefined;
    try {
      const birth = birthOf(this.#request);
      await (rehearsed ??= rehearse());
      ends = new ForkEnds();
      const given = ends;
      const forked = await forkInTurn(
        ends,
        (again) => {
          this.#busy = again;
          return !this.#killed;
        },
        ({ pid, descriptors, seed }) => {
          forgetInherited();
          liveReady()?.become({ ...birth, pid, channel: descriptors[0] as number, seed });
        },
      ).finally(() => given.handedOver());
      this.pause = forked?.pause;
      if (forked?.born !== undefined) return this.#born(forked.born, ends);
      const { code = "ECANCELED", step = "fork" } = forked?.failure ?? {};
      throw forkError(process.pid, code, step);
    } catch (error) {
      ends?.drop();
      this.#over(this.#killed ? { kind: "lost" } : { kind: "unborn", error: error as Error, phase: "spawn" });
    }
  }

  #born(child: LiveChild, ends: ForkEnds): void {
    const { sink } = this.#request;
    this.#child = child;
    this.#handle = child.handle();
    this.#lifeline = ends.lifeline;
    this.#stage = "alive";
    const { transport, output } = ends.open(sink, this.#request.output);
    this.#transport = transport;
    this.#output = output;
    this.#unwatch = watchExit(this.#handle, () => this.#reap());
    if (this.#killed) {
      this.#killed = false;
      this.kill();
    }
    sink.speaks(transport);
  }

  #reap(): void {
    this.#ended = true;
    const status = (this.#child as LiveChild).reap();
    const trouble = (this.#child as LiveChild).trouble();
    if (trouble !== null) {
      const error = forkError(process.pid, trouble.code, trouble.step);
      return this.#over({ kind: "unborn", error, phase: "spawn" });
    }
    this.#over(statusFrom(status ?? {}));
  }

  #over(status: BodyEnd["status"]): void {
    if (this.#stage === "over") return;
    this.#stage = "over";
    clearTimeout(this.#timer);
    const [output, transport] = [this.#output, this.#transport];
    if (output === undefined || transport === undefined) return this.#resolve({ status, stderr: [] });
    this.#child?.close();
    const over = drained(this.#handle, output, transport);
    this.#lifeline?.release();
    void over.then(() => {
      this.#unwatch?.();
      this.#resolve(output.endOf(status));
    });
  }
}
