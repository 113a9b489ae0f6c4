// Spawn method `forkserver`: an actor is a fork of a template, a Node process that has loaded what the actor needs. It leads its own
// group, its lifeline is armed before its first JavaScript, and its end is learnt from the template, which reaps it, and from a
// pidfd. Where nothing can be forked, and where the template cannot be, the actor is a fresh process instead, and says so.
import { TemplateFailed } from "../errors/template.js";
import type { Lifeline, ProcessHandle } from "../native/forkserver.js";
import type { Body, BodyEnd, Instead, Lateness } from "../protocol/body.js";
import type { ForkBirth, TemplateOrder } from "../protocol/entry-contract.js";
import { birthOf } from "./birth.js";
import { startEnvironment } from "./environment.js";
import { exec } from "./exec.js";
import { watchExit } from "./exits.js";
import { whyNoFork, whyNotForked } from "./fork-support.js";
import { inheritedFlags } from "./inherited-flags.js";
import type { BodyRequest, SpawnMethodImplementation } from "./method.js";
import { checkProcess } from "./process-flags.js";
import {
  askToEnd,
  drained,
  GIVE_UP,
  inAWhile,
  killGroup,
  type ProcessOutput,
  statusFrom,
  statusOf,
} from "./process-output.js";
import type { SocketTransport } from "./socket-transport.js";
import { zombieStatus } from "./zombie.js";
import type { ForkedProcess, ForkOwner, ForkTicket, TemplateKind } from "./template.js";
import { templateFor } from "./templates.js";

/** From the end of an actor to its template's word of it, in ms. A template that is silent for longer is ended. */
const SILENCE = 1_000;
/** How long whoever inherits an orphan may take to reap it, in ms, and how often one looks. */
const REAPING = 2_000;
const LOOK = 10;

export const forkserver: SpawnMethodImplementation = {
  check: checkProcess,

  spawn(request: BodyRequest): Body {
    return new ForkedBody(request);
  },
};

class ForkedBody implements Body, ForkOwner {
  readonly gone: Promise<BodyEnd>;
  readonly #request: BodyRequest;
  #resolve!: (end: BodyEnd) => void;
  #stage: "new" | "asked" | "alive" | "over" = "new";
  #instead: Instead | undefined;
  /** What was made in its place. */
  #other: Body | undefined;
  #ticket: ForkTicket | undefined;
  #lifeline: Lifeline | undefined;
  #killed = false;
  #handle: ProcessHandle | undefined;
  #unwatch: (() => void) | undefined;
  #transport: SocketTransport | undefined;
  #output: ProcessOutput | undefined;
  #orphaned = false;
  /** Its pidfd has told of its end. */
  #ended = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(request: BodyRequest) {
    this.#request = request;
    this.gone = new Promise((resolve) => (this.#resolve = resolve));
    // Where it is known from the start, the actor is the other from the start.
    const why = whyNoFork() ?? whyNotForked(this.#flags);
    if (why !== undefined) this.#makeOther(`nothing is forked: ${why}`);
  }

  get pid(): number | undefined {
    return this.#other === undefined ? this.#handle?.pid : this.#other.pid;
  }

  /** The template has been given its channel, and nobody else. */
  get known(): boolean {
    return this.#other === undefined;
  }

  get ended(): boolean {
    return this.#other === undefined ? this.#ended : this.#other.ended === true;
  }

  get instead(): Instead | undefined {
    return this.#instead;
  }

  doing(): Lateness | undefined {
    if (this.#other !== undefined) return this.#other.doing?.();
    return this.#stage === "alive"
      ? undefined
      : { phase: "spawn", got: "its template had not loaded what it preloads, or had not forked it" };
  }

  begin(): void {
    if (this.#other !== undefined) return this.#other.begin();
    this.#stage = "asked";
    try {
      this.#ticket = templateFor(this.#kind).fork(this);
    } catch (error) {
      this.stillborn(error as Error);
    }
  }

  terminate(): void {
    if (this.#other !== undefined) return this.#other.terminate();
    if (this.#stage !== "alive") return this.kill();
    askToEnd(this.#handle);
  }

  kill(): void {
    if (this.#other !== undefined) return this.#other.kill();
    if (this.#stage === "over" || this.#killed) return;
    this.#killed = true;
    if (this.#ticket?.unwanted() === true || this.#stage === "new") return this.#over({ kind: "lost" });
    // Whatever has been born by now dies of it, and what has not will not be.
    this.#lifeline?.release();
    if (this.#handle !== undefined) killGroup(this.#handle);
    if (!this.#ended) this.#later(GIVE_UP, () => this.#over({ kind: "lost" }));
  }

  // ForkOwner.

  birth(): Uint8Array {
    return Buffer.from(JSON.stringify(this.#birth()));
  }

  born({ handle, ends, awaits }: ForkedProcess): void {
    if (this.#stage === "over") {
      // Nobody waited so long.
      killGroup(handle);
      handle.close();
      ends.drop();
      return;
    }
    this.#lifeline = ends.lifeline;
    this.#handle = handle;
    this.#stage = "alive";
    const { sink, output } = this.#request;
    const ticket = this.#ticket as ForkTicket;
    const opened = ends.open(
      {
        received: (bytes) => {
          ticket.spoke();
          sink.received(bytes);
        },
        drained: () => sink.drained(),
        ended: () => sink.ended(),
      },
      output,
    );
    const { transport } = opened;
    this.#output = opened.output;
    this.#transport = transport;
    this.#unwatch = watchExit(handle, () => {
      this.#ended = true;
      if (this.#orphaned) return this.#askHandle();
      this.#later(SILENCE, () => ticket.silent());
    });
    if (this.#killed) {
      this.#killed = false;
      this.kill();
    }
    if (awaits !== undefined) transport.write(awaits);
    sink.speaks(transport);
  }

  stillborn(error: Error): void {
    if (this.#stage === "over") return;
    if (this.#killed) return this.#over({ kind: "lost" });
    // A module that does not load fails its actor, in the actor's own words; and what cannot be forked can be started.
    const { reason = "died" } = error instanceof TemplateFailed ? error : {};
    const given = this.#ticket === undefined && reason === "died";
    if (reason === "failed" || given || (reason === "refused" && !this.#request.explicit)) {
      return this.#makeOther((error as TemplateFailed).message.replace(/\.$/, ""));
    }
    this.#over({ kind: "unborn", error, phase: "spawn" });
  }

  exited(status: { readonly code?: number; readonly signal?: number }): void {
    this.#over(statusFrom(status));
  }

  orphaned(): void {
    this.#orphaned = true;
    if (this.#ended) this.#askHandle();
  }

  // The rest.

  get #flags(): string[] {
    return [...inheritedFlags(process.execArgv), ...(this.#request.options.execArgv ?? [])];
  }

  get #kind(): TemplateKind {
    const { options, source } = this.#request;
    const module = source.kind === "actor" ? source.module.href : undefined;
    return { flags: this.#flags, env: startEnvironment(options.env), order: orderOf(options.preload, module) };
  }

  #birth(): ForkBirth {
    const birth = birthOf(this.#request);
    return { ...birth, cwd: birth.cwd ?? currentDirectory(), umask: process.umask(), execArgv: this.#flags };
  }

  #makeOther(reason: string): void {
    const begun = this.#stage !== "new";
    this.#instead = { method: "exec", reason };
    let other: Body;
    try {
      other = exec.spawn(this.#request);
    } catch (error) {
      if (!begun) throw error;
      return this.#over({ kind: "unborn", error: error as Error, phase: "spawn" });
    }
    this.#other = other;
    void other.gone.then((end) => this.#resolve(end));
    if (begun) other.begin();
  }

  /** Its parent is gone: the kernel tells how it ended, as long as nobody has reaped it, and newer ones also afterwards. */
  #askHandle(until = performance.now() + REAPING): void {
    const handle = this.#handle as ProcessHandle;
    const zombie = zombieStatus(handle);
    const status = zombie === undefined ? statusOf(handle) : statusFrom(zombie);
    if (status.kind !== "lost" || performance.now() > until) return this.#over(status);
    this.#later(LOOK, () => this.#askHandle(until));
  }

  #later(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    // The kernel may tell of an end after the template has.
    if (this.#stage === "over") return;
    this.#timer = inAWhile(ms, () => {
      if (this.#stage !== "over") then();
    });
  }

  #over(status: BodyEnd["status"]): void {
    if (this.#stage === "over") return;
    this.#stage = "over";
    clearTimeout(this.#timer);
    const output = this.#output;
    const transport = this.#transport;
    if (output === undefined || transport === undefined) {
      return this.#resolve({ status, stderr: [] });
    }
    const over = drained(this.#handle, output, transport);
    this.#lifeline?.release();
    void over.then(() => {
      this.#unwatch?.();
      this.#resolve(output.endOf(status));
    });
  }
}

function orderOf(preload: BodyRequest["options"]["preload"], module: string | undefined): TemplateOrder {
  if (preload === undefined || preload === false) return { preload: [] };
  if (preload === true) return { preload: module === undefined ? [] : [module] };
  const named = preload.some((one) => !one.startsWith("file:"));
  // Modules beside each other find the same packages.
  return { preload, ...(named && module !== undefined ? { from: new URL("./preload.js", module).href } : {}) };
}

function currentDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    // It is gone: the template has one.
    return undefined;
  }
}
