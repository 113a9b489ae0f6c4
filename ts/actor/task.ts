// A running task seen from inside. Outcome and teardown are two results: however the function ends, what it opened is closed
// and what it deferred runs, last first, within `cancelTimeout`.
import type { ActorInfo, ContextTask, Nursery, NurseryOptions, Task } from "../context/surface.js";
import type { ActorId } from "../errors/identity.js";
import { isBroodError, type BroodError } from "../errors/base.js";
import { ActorDied, Cancelled, InvalidMessage, InvalidOption, ProtocolError, Unsupported } from "../errors/kinds.js";
import { didYouMean, listNames } from "../errors/near.js";
import { StreamClosed } from "../errors/stream.js";
import { Life } from "../context/life.js";
import { inherited } from "../protocol/offers.js";
import type { Encoded } from "../protocol/payload.js";
import type { StreamLink } from "../stream/link.js";
import { MessageStream } from "../stream/message-stream.js";
import type { Checks } from "./define.js";
import type { Host } from "./host.js";
import { run } from "./schema.js";

/** What a task is part of. */
export interface TaskHome {
  readonly host: Host;
  readonly actor: ActorInfo;
  /** For all of a task's deferred work, in ms. */
  readonly cancelTimeout: number;
}

interface Cleanup {
  readonly kind: "deferred" | "nursery";
  readonly run: () => unknown;
}

export class ActorTask implements Task {
  readonly #home: TaskHome;
  readonly #deadlineAt: number | undefined;
  readonly #caller: ActorId | undefined;
  #controller: AbortController | undefined;
  #cancelled: Cancelled | undefined;
  /** Deferred work and nurseries, in the order in which they were made. */
  readonly #cleanups: Cleanup[] = [];
  #over = false;

  /**
   * @param caller undefined: the parent
   * @param remaining ms until the caller's deadline
   */
  constructor(home: TaskHome, caller: ActorId | undefined, remaining: number | undefined) {
    this.#home = home;
    this.#caller = caller;
    this.#deadlineAt = remaining === undefined ? undefined : home.host.now() + remaining;
  }

  get caller(): ActorId {
    return this.#caller ?? this.#home.actor.parent;
  }

  get actor(): ActorInfo {
    return this.#home.actor;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cancelled !== undefined) this.#controller.abort(this.#cancelled);
    }
    return this.#controller.signal;
  }

  readonly remaining = (): number | undefined =>
    this.#deadlineAt === undefined ? undefined : Math.max(0, this.#deadlineAt - this.#home.host.now());

  readonly log = (...values: unknown[]): void => this.#home.host.log(3, values);

  readonly defer = (cleanup: () => unknown): void => {
    if (typeof cleanup !== "function") throw new InvalidOption("task.defer: cleanup", cleanup, "a function");
    this.#mustRun("defer");
    this.#cleanups.push({ kind: "deferred", run: cleanup });
  };

  readonly openNursery = async (options: NurseryOptions = {}): Promise<Nursery> => {
    this.#mustRun("openNursery");
    const nursery = await this.#home.host.openNursery(options, { signal: this.signal, remaining: this.remaining });
    // The task may have ended while its first nursery was loaded.
    if (this.#over) await nursery.close();
    this.#mustRun("openNursery");
    // Not close(): a failure that the task has met is not thrown at it again.
    this.#cleanups.push({ kind: "nursery", run: () => nursery[Symbol.asyncDispose]() });
    return nursery;
  };

  readonly inherited = (key: string): any => {
    const all = inherited();
    if (all === undefined)
      throw new Unsupported(
        "task.inherited",
        `this actor was started with ${this.actor.spawnMethod}; only one started with main_thread_forkserver has its host's memory`,
      );
    const found = all.get(key);
    if (found !== undefined) return found.value;
    const keys = [...all.keys()];
    const what = keys.length === 0 ? "nothing, as its host had offered nothing" : listNames(keys, String(key));
    throw new InvalidOption("task.inherited: key", key, `${what}.${didYouMean(keys, String(key))}`);
  };

  /** The cancel that it was given, if any. */
  get cancelled(): Cancelled | undefined {
    return this.#cancelled;
  }

  cancel(reason: Cancelled): void {
    if (this.#cancelled !== undefined) return;
    this.#cancelled = reason;
    this.#controller?.abort(reason);
  }

  /** Whether `error` says no more than that the task obeyed its cancel. */
  obeyed(error: unknown): boolean {
    const cancelled = this.#cancelled;
    if (cancelled === undefined) return false;
    if (error === cancelled) return true;
    try {
      if (isBroodError(error)) return isOf(error, cancelled);
      // Node's own functions wrap the signal's reason: AbortError with the reason as cause.
      return error instanceof Error && error.name === "AbortError" && error.cause === cancelled;
    } catch {
      return false; // a thrown proxy may refuse every look at it
    }
  }

  /** Closes and runs everything, last first; every error is kept. What a cancel brought about is no error. */
  async teardown(): Promise<unknown[]> {
    this.#over = true;
    const errors: unknown[] = [];
    let left = this.#home.cancelTimeout;
    for (let cleanup = this.#cleanups.pop(); cleanup !== undefined; cleanup = this.#cleanups.pop()) {
      const since = this.#home.host.now();
      try {
        // A nursery's own ladder bounds its end, and its actors are gone when it is over.
        if (cleanup.kind === "nursery") await cleanup.run();
        else await before(left, cleanup.run);
      } catch (error) {
        if (!this.obeyed(error)) errors.push(error);
      }
      if (cleanup.kind === "deferred") left -= this.#home.host.now() - since;
    }
    return errors;
  }

  /** The actor leaves without having been asked: what was deferred is begun, last first, and nothing is awaited. */
  abandon(): void {
    this.#over = true;
    for (let cleanup = this.#cleanups.pop(); cleanup !== undefined; cleanup = this.#cleanups.pop()) {
      if (cleanup.kind === "nursery") continue;
      try {
        void cleanup.run();
      } catch {
        // It leaves already; there is nobody to tell.
      }
    }
  }

  #mustRun(what: string): void {
    if (this.#over) throw new ProtocolError(what, "the task has ended");
  }
}

/** Whether an error is what the same cancel did to something of the task's own: its actors, a start, a nursery that starts nothing more. */
function isOf(error: BroodError, cancelled: Cancelled): boolean {
  const { canceller, reason } = cancelled;
  if (error instanceof Cancelled)
    return (
      error.scope === cancelled.scope &&
      error.via === cancelled.via &&
      error.canceller.uuid === canceller.uuid &&
      error.reason === reason
    );
  if (error instanceof ActorDied) {
    const { exit } = error;
    return exit.kind === "cancelled" && exit.by.uuid === canceller.uuid && exit.reason === reason;
  }
  return error.cause instanceof Cancelled && isOf(error.cause, cancelled);
}

/** Runs a cleanup and waits for it at most `ms`. */
async function before(ms: number, cleanup: () => unknown): Promise<void> {
  const work = cleanup();
  if (typeof work !== "object" || work === null || !("then" in work)) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ProtocolError("defer", "the task's deferred work did not end within cancelTimeout")),
      Math.max(0, ms),
    );
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What the task of a context sends through. */
export interface ContextLink extends StreamLink {
  started(value: Encoded): void;
  /** A message that came was refused by the schema. */
  refuses(error: InvalidMessage): void;
}

/** The task of a context, or of an async generator, whose stream is the same. */
export class ActorContextTask extends ActorTask implements ContextTask<any> {
  readonly #link: ContextLink;
  readonly #endpoint: string;
  readonly #declaresStarted: boolean;
  readonly #checks: Checks;
  readonly #life = new Life();
  /** The started value is being checked. */
  #starting = false;
  #stream: MessageStream | undefined;
  #sent = 0;
  #received = 0;

  constructor(
    home: TaskHome,
    caller: ActorId | undefined,
    remaining: number | undefined,
    endpoint: string,
    link: ContextLink,
    { declaresStarted, checks }: { readonly declaresStarted: boolean; readonly checks: Checks },
  ) {
    super(home, caller, remaining);
    this.#endpoint = endpoint;
    this.#link = link;
    this.#declaresStarted = declaresStarted;
    this.#checks = checks;
  }

  get hasStarted(): boolean {
    const { state } = this.#life;
    return state === "started" || state === "streaming";
  }

  /** Its stream, where it was used. */
  get streamOrNone(): MessageStream | undefined {
    return this.#stream;
  }

  get stream(): MessageStream {
    if (this.#stream === undefined) {
      const { sends, receives } = this.#checks;
      const place = { endpoint: this.#endpoint, kind: "message" } as const;
      const link = this.#link;
      this.#stream = new MessageStream(this.#life.notingStop(link), {
        endpoint: this.#endpoint,
        use: () => this.#use(),
        left: undefined,
        abort: async () => this.#stream?.end(),
        sends: sends && ((message) => run(sends, message, { ...place, index: this.#sent++ })),
        receives: receives && ((message) => run(receives, message, { ...place, index: this.#received++ })),
        refuses: (error) => link.refuses(error),
      });
      if (this.cancelled !== undefined) this.#stream.cut(this.cancelled);
      else if (this.#life.settled) this.#stream.cut(this.#taskEnded());
    }
    return this.#stream;
  }

  readonly started = async (value?: unknown): Promise<void> => {
    if (this.#starting || this.hasStarted) throw new ProtocolError(this.#endpoint, "started was sent twice");
    this.#mustLive();
    const { started } = this.#checks;
    this.#starting = true;
    try {
      const checked =
        started === undefined ? value : await run(started, value, { endpoint: this.#endpoint, kind: "started value" });
      // It may have ended while the value was checked.
      this.#mustLive();
      this.#link.started(this.#link.encode(checked, "started"));
      this.#life.step("started");
    } finally {
      this.#starting = false;
    }
  };

  override cancel(reason: Cancelled): void {
    super.cancel(reason);
    this.#life.step("requested");
    this.#stream?.cut(reason);
  }

  /** Its stream, for what has come for it. @throws InvalidMessage it must not come now */
  streamFor(event: "received" | "credited" | "stopped"): MessageStream {
    if (!this.#life.hears(event))
      throw new InvalidMessage(`a message of ${this.#endpoint} before its started, or after its end`);
    return this.stream;
  }

  /** The task is over, its teardown too: whoever still uses the stream is told so. */
  close(how: "return" | "error" | "cancelled"): void {
    this.#life.step(how);
    this.#stream?.cut(this.#taskEnded());
  }

  /** Before the first use of the stream. */
  #use(): boolean {
    // Also where the task is over, which the stream itself says.
    if (this.#life.step("used")) return true;
    if (this.#declaresStarted)
      throw new ProtocolError(this.#endpoint, "its stream was used before task.started(), which its dialogue declares");
    void this.started();
    return this.#life.step("used");
  }

  #mustLive(): void {
    if (this.#life.settled) throw new ProtocolError(this.#endpoint, "the task has ended");
  }

  #taskEnded(): StreamClosed {
    return new StreamClosed(this.#endpoint, "you", "the task has ended");
  }
}
