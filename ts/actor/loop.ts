// The task loop: what an actor of any kind does with the frames of its host. It never waits for a task before it reads the
// next frame, acknowledges every cancel it hears, and answers every Start exactly once.
import { Cancelled, InvalidMessage, ProtocolError } from "../errors/kinds.js";
import { didYouMean, listNames } from "../errors/near.js";
import {
  decodeCancel,
  decodeCredit,
  decodeStart,
  encodeCancelAck,
  encodeError,
  type EndpointForm,
  type Ready,
} from "../protocol/bodies.js";
import type { Channel } from "../protocol/channel.js";
import { describeError, describeInvalid, type ErrorData } from "../protocol/error-data.js";
import { FrameType } from "../protocol/frame.js";
import type { Encode, Encoded } from "../protocol/payload.js";
import { decodeQuestion, encodeAnswer, type Answer, type Question } from "../protocol/describing.js";
import { describeScopes } from "../protocol/scopes.js";
import { MOST_LISTED, type TaskDump } from "../protocol/tree.js";
import { linkOf } from "../stream/link.js";
import type { MessageStream } from "../stream/message-stream.js";
import { runnable, type Definition, type Runnable } from "./define.js";
import { run, type Check } from "./schema.js";
import { ActorContextTask, ActorTask, type ContextLink, type TaskHome } from "./task.js";

/** Of the time in which a cancel must be acknowledged, how much a task is given before its loop says `abandoned`. */
const PATIENCE = 0.8;

/** The level of an error in the log. */
const LOG_ERROR = 1;

interface Running {
  readonly kind: TaskDump["kind"];
  readonly endpoint: string;
  /** On the clock of its host. */
  readonly since: number;
  /** undefined for a bare function, which cannot hear a cancel. */
  readonly task: ActorTask | undefined;
  /** Its answer is no longer wanted. */
  abandoned: boolean;
  /** Whoever cancelled it waits to hear that it has ended. */
  ackOnEnd: boolean;
  patience: ReturnType<typeof setTimeout> | undefined;
  ended: Promise<unknown> | undefined;
}

/** `actor` and `cancelTimeout` may be getters: they are read when they are first needed, and after the Spec has come. */
export interface LoopSettings extends TaskHome {
  readonly definition: Definition;
  /** What it says once it is ready, by {@link readyOf}. */
  readonly ready: Encoded;
  /** How values are written: as msgpack, or by a guest as JSON text where that loses nothing. */
  readonly encode: Encode;
  /** Told when the whole actor is being cancelled, with the ms it has. */
  ending(within: number): void;
}

export class TaskLoop {
  readonly #channel: Channel;
  readonly #endpoints = new Map<string, Runnable>();
  readonly #definition: Definition;
  readonly #running = new Map<number, Running>();
  readonly #settings: LoopSettings;
  /** The highest number of a context so far. */
  #newest = 0;
  #setup: ActorTask | undefined;
  #cancelled: Cancelled | undefined;

  constructor(channel: Channel, settings: LoopSettings) {
    this.#channel = channel;
    this.#settings = settings;
    this.#definition = settings.definition;
    for (const [name, value] of Object.entries(settings.definition.endpoints)) {
      const found = runnable(value);
      if (found !== undefined) this.#endpoints.set(name, found);
    }
  }

  /** Tasks that run now. */
  get size(): number {
    return this.#running.size;
  }

  /** Runs `setup`, then says Ready. Throws what `setup` threw. */
  async begin(): Promise<void> {
    if (this.#definition.hooks.setup !== undefined) {
      this.#setup = new ActorTask(this.#settings, undefined, undefined);
      try {
        await this.#definition.hooks.setup(this.#setup);
      } catch (error) {
        await this.#setup.teardown();
        throw error;
      }
    }
    this.#send(FrameType.Ready, 0, this.#settings.ready);
  }

  /** The process leaves, asked or not: what tasks and `setup` have deferred and did not run yet is begun. */
  abandon(): void {
    for (const { task } of [...this.#running.values()].reverse()) task?.abandon();
    this.#setup?.abandon();
  }

  /** One message of the host's. Throws InvalidMessage where it breaks the protocol. */
  message(type: FrameType, flags: number, context: number, payload: Uint8Array): void {
    switch (type) {
      case FrameType.Start:
        return this.#start(flags, context, payload);
      case FrameType.Yield:
        return this.#stream(context, "received")?.arrived(payload, flags);
      case FrameType.Credit: {
        const { messages, bytes } = decodeCredit(payload);
        return this.#stream(context, "credited")?.granted(messages, bytes);
      }
      case FrameType.Stop:
        return this.#stream(context, "stopped")?.stopped();
      case FrameType.Request:
        if (context !== 0) break;
        return void this.#describe(decodeQuestion(payload, flags));
      case FrameType.Cancel:
        return context === 0 ? this.#cancelActor(flags, payload) : this.#cancelTask(flags, context, payload);
      default:
    }
    throw new InvalidMessage(`a frame of type ${type} does not belong here`);
  }

  /** Answers what runs in it, with what its own actors answer in that time. */
  async #describe({ number, within }: Question): Promise<void> {
    const now = this.#settings.host.now();
    const running = [...this.#running].slice(0, MOST_LISTED);
    const tasks = running.map(([context, one]) => describeRunning(context, one, now));
    const more = this.#running.size - running.length;
    const answer: Answer = { number, part: { tasks, more, scopes: await describeScopes(within) } };
    this.#send(FrameType.Reply, 0, encodeAnswer(answer, this.#settings.encode));
    this.#channel.flush();
  }

  /** The stream of a context; undefined where the context is over, of which the host may not have heard. @throws InvalidMessage */
  #stream(context: number, event: "received" | "credited" | "stopped"): MessageStream | undefined {
    const running = this.#running.get(context);
    if (running?.task instanceof ActorContextTask) return running.task.streamFor(event);
    if (running !== undefined || context === 0 || context > this.#newest)
      throw new InvalidMessage(`a message for context ${context}, which has no stream`);
    return undefined;
  }

  #start(flags: number, context: number, payload: Uint8Array): void {
    const { endpoint, open, args, remaining, caller } = decodeStart(payload, flags);
    if (context === 0 || this.#running.has(context)) throw new InvalidMessage(`context ${context} is in use`);
    this.#newest = Math.max(this.#newest, context);
    if (this.#cancelled !== undefined) return this.#fail(context, this.#cancelled, "cancelled");
    const found = this.#endpoints.get(endpoint);
    if (found === undefined) {
      const names = [...this.#endpoints.keys()];
      return this.#fail(
        context,
        new Error(`the actor has ${listNames(names, endpoint)}.${didYouMean(names, endpoint)}`),
        "unknown-endpoint",
      );
    }
    if ((found.kind === "context" || found.kind === "generator") !== open)
      return this.#fail(
        context,
        new Error(open ? "it is called, not opened" : "it is opened, not called"),
        "unknown-endpoint",
      );
    if (found.kind === "bare") return this.#runBare(context, found, endpoint, args);
    const task =
      found.kind === "task"
        ? new ActorTask(this.#settings, caller, remaining)
        : new ActorContextTask(
            this.#settings,
            caller,
            remaining,
            endpoint,
            this.#linkOf(context),
            found.kind === "context" ? found : GENERATOR,
          );
    const running: Running = {
      kind: found.kind === "task" ? "call" : found.kind,
      endpoint,
      since: this.#settings.host.now(),
      task,
      abandoned: false,
      ackOnEnd: false,
      patience: undefined,
      ended: undefined,
    };
    this.#running.set(context, running);
    running.ended = this.#runTask(context, running, task, found, endpoint, args);
  }

  /** A bare function that answers at once is answered in the same turn, without a promise. */
  #runBare(context: number, found: Runnable & { kind: "bare" }, endpoint: string, args: readonly unknown[]): void {
    let value: unknown;
    try {
      value = found.run(...args);
    } catch (error) {
      return this.#fail(context, error, "thrown");
    }
    if (!isThenable(value)) return this.#answer(context, value);
    const running: Running = {
      kind: "call",
      endpoint,
      since: this.#settings.host.now(),
      task: undefined,
      abandoned: false,
      ackOnEnd: false,
      patience: undefined,
      ended: undefined,
    };
    this.#running.set(context, running);
    // Not its own `then`, which may throw, or answer twice.
    Promise.resolve(value).then(
      (result: unknown) => {
        this.#running.delete(context);
        if (!running.abandoned) this.#answer(context, result);
      },
      (error: unknown) => {
        this.#running.delete(context);
        if (running.abandoned) this.#unheard(endpoint, [error]);
        else this.#fail(context, error, "thrown");
      },
    );
  }

  async #runTask(
    context: number,
    running: Running,
    task: ActorTask,
    found: Exclude<Runnable, { kind: "bare" }>,
    endpoint: string,
    args: readonly unknown[],
  ): Promise<void> {
    let outcome: { readonly value: unknown } | { readonly error: unknown };
    try {
      outcome = { value: await this.#runFound(found, task, endpoint, args) };
    } catch (error) {
      outcome = { error };
    }
    const errors = await task.teardown();
    const obeyed = "error" in outcome && task.obeyed(outcome.error);
    const failures = "error" in outcome && !obeyed ? [outcome.error, ...errors] : errors;
    if (task instanceof ActorContextTask)
      task.close(failures.length > 0 ? "error" : "value" in outcome ? "return" : "cancelled");
    this.#running.delete(context);
    if (running.patience !== undefined) clearTimeout(running.patience);
    if (running.abandoned) this.#unheard(endpoint, failures);
    else this.#conclude(context, endpoint, outcome, failures);
    if (running.ackOnEnd) this.#acknowledge(context, "finished");
  }

  async #runFound(
    found: Exclude<Runnable, { kind: "bare" }>,
    task: ActorTask,
    endpoint: string,
    args: readonly unknown[],
  ): Promise<unknown> {
    switch (found.kind) {
      case "task": {
        if (found.args === undefined) return found.run(task, ...args);
        const checked = await checkArgs(found.args, endpoint, args);
        const value = await found.run(task, ...checked);
        return found.result === undefined ? value : run(found.result, value, { endpoint, kind: "result" });
      }
      case "generator":
        return runGenerator(found.run, task as ActorContextTask, args);
      case "context": {
        const context = task as ActorContextTask;
        const value = await found.run(context, ...args);
        if (context.hasStarted) return value;
        if (found.declaresStarted)
          throw new ProtocolError(endpoint, "it returned without calling task.started(), which its dialogue declares");
        await context.started(undefined);
        return value;
      }
    }
  }

  #linkOf(context: number): ContextLink {
    const { encode, actor } = this.#settings;
    return {
      ...linkOf(this.#channel, context, encode),
      started: (value) => this.#send(FrameType.Started, context, value),
      refuses: (error) =>
        this.#send(
          FrameType.Reply,
          context,
          encodeError({ kind: "message", error: describeInvalid(error, actor.id) }, encode),
        ),
    };
  }

  /** What failed after its caller was told that its outcome is thrown away: once, in the log. */
  #unheard(endpoint: string, errors: readonly unknown[]): void {
    for (const error of errors) {
      const { name, message } = describeError(error, this.#settings.actor.id);
      this.#settings.host.log(LOG_ERROR, [`nobody awaits this any more: ${endpoint} failed: ${name}: ${message}`]);
    }
  }

  #conclude(
    context: number,
    endpoint: string,
    outcome: { readonly value: unknown } | { readonly error: unknown },
    errors: readonly unknown[],
  ): void {
    if (errors.length > 1)
      return this.#fail(context, new AggregateError(errors, "a task and its cleanup failed"), "thrown");
    if (errors.length === 1) {
      const refusal = refusals.get(errors[0] as object);
      if (refusal !== undefined) return this.#refuse(context, refusal);
      const breach = errors[0] instanceof ProtocolError && errors[0].endpoint === endpoint;
      return this.#fail(context, errors[0], breach ? "protocol" : "thrown");
    }
    if ("value" in outcome) return this.#answer(context, outcome.value);
    this.#fail(context, outcome.error, "cancelled");
  }

  #cancelTask(flags: number, context: number, payload: Uint8Array): void {
    const { origin, within } = decodeCancel(payload, flags);
    const running = this.#running.get(context);
    if (running === undefined) return this.#acknowledge(context, "finished");
    if (running.task === undefined) {
      running.abandoned = true;
      return this.#acknowledge(context, "abandoned");
    }
    running.ackOnEnd = true;
    running.patience ??= setTimeout(() => {
      running.abandoned = true;
      running.ackOnEnd = false;
      this.#acknowledge(context, "abandoned");
    }, within * PATIENCE);
    running.task.cancel(new Cancelled(origin));
  }

  /** The whole actor: every task hears of it and is waited for, then what `setup` left, then goodbye. */
  #cancelActor(flags: number, payload: Uint8Array): void {
    const { origin, within } = decodeCancel(payload, flags);
    if (this.#cancelled !== undefined) return;
    const cancelled = new Cancelled(origin);
    this.#cancelled = cancelled;
    this.#settings.ending(within);
    void this.#leave(cancelled);
  }

  async #leave(cancelled: Cancelled): Promise<void> {
    const running = [...this.#running.values()].reverse();
    for (const one of running) one.task?.cancel(cancelled);
    await Promise.all(running.map((one) => one.ended));
    this.#setup?.cancel(cancelled);
    const errors = (await this.#setup?.teardown()) ?? [];
    const described = errors.map((error) => describeError(error, this.#settings.actor.id));
    this.#acknowledge(0, "finished", described);
    this.#channel.flush();
    this.#settings.host.leave(0);
  }

  #answer(context: number, value: unknown): void {
    try {
      this.#send(FrameType.Return, context, this.#settings.encode(value, "result"));
    } catch (error) {
      this.#fail(context, error, "thrown");
    }
  }

  #fail(context: number, error: unknown, kind: "thrown" | "cancelled" | "unknown-endpoint" | "protocol"): void {
    // A breach of the dialogue is brood's own error at the host: its reason travels, not its text.
    const thrown = kind === "protocol" && error instanceof ProtocolError ? new Error(error.why) : error;
    const data = describeError(thrown, this.#settings.actor.id);
    this.#send(FrameType.Error, context, encodeError({ kind, error: data }, this.#settings.encode));
  }

  /** Its arguments were not what the endpoint takes. */
  #refuse(context: number, error: InvalidMessage): void {
    const data = describeInvalid(error, this.#settings.actor.id);
    this.#send(FrameType.Error, context, encodeError({ kind: "invalid", error: data }, this.#settings.encode));
  }

  #acknowledge(context: number, state: "finished" | "abandoned", errors?: readonly ErrorData[]): void {
    this.#send(FrameType.CancelAck, context, encodeCancelAck({ state, errors }, this.#settings.encode));
  }

  #send(type: FrameType, context: number, { payload, flags }: Encoded): void {
    this.#channel.send(type, flags, context, payload);
  }
}

function describeRunning(context: number, { kind, endpoint, since, task, abandoned }: Running, now: number): TaskDump {
  return {
    context,
    kind,
    endpoint,
    state: abandoned ? "abandoned" : task?.cancelled === undefined ? "running" : "cancelling",
    age: Math.max(0, now - since),
    remaining: task?.remaining(),
    stream: task instanceof ActorContextTask ? task.streamOrNone?.describe() : undefined,
  };
}

/**
 * The host's bad arguments, which it is told of as its own fault; whatever else runs in a task is the actor's. By what was thrown for
 * them, of which nothing is asked: it may be anything.
 */
const refusals = new WeakMap<object, InvalidMessage>();

async function checkArgs(
  checks: readonly (Check | undefined)[],
  endpoint: string,
  args: readonly unknown[],
): Promise<unknown[]> {
  const checked = [...args];
  for (const [index, check] of checks.entries()) {
    if (check === undefined) continue;
    try {
      checked[index] = await run(check, args[index], { endpoint, kind: "argument", index });
    } catch (error) {
      if (error instanceof InvalidMessage) refusals.set(error, error);
      throw error;
    }
  }
  return checked;
}

/** A generator has nothing to start with, and takes no messages. */
const GENERATOR = {
  declaresStarted: false,
  checks: { started: undefined, receives: undefined, sends: undefined },
} as const;

/**
 * Sends what a generator yields. A value that cannot be sent is thrown at its `yield`; where the stream is over, by a cancel or otherwise,
 * its `finally` runs.
 */
async function runGenerator(
  make: Extract<Runnable, { kind: "generator" }>["run"],
  task: ActorContextTask,
  args: readonly unknown[],
): Promise<unknown> {
  await task.started();
  const generator = make(task, ...args);
  for (let step = await generator.next(); ;) {
    if (step.done === true) return step.value;
    try {
      await task.stream.send(step.value);
    } catch (error) {
      if (error instanceof InvalidMessage) {
        step = await generator.throw(error);
        continue;
      }
      await generator.return(undefined);
      throw error;
    }
    step = await generator.next();
  }
}

/** What an actor of this definition says when it is ready. */
export function readyOf(definition: Definition): Ready {
  const endpoints: Record<string, EndpointForm> = {};
  for (const [name, value] of Object.entries(definition.endpoints)) {
    const found = runnable(value);
    if (found !== undefined) endpoints[name] = FORMS[found.kind];
  }
  return { endpoints };
}

const FORMS = { bare: "call", task: "call", context: "context", generator: "generator" } as const;

function isThenable(value: unknown): value is PromiseLike<unknown> {
  try {
    return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false; // a revoked proxy: it is refused like any other value that cannot be sent
  }
}
