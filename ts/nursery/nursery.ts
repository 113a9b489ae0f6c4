// A nursery owns actors: nothing in it outlives it. The first actor that dies unasked fails it at once: its signal aborts, what
// its body waits for is rejected, its other actors are cancelled side by side. Its failure is thrown in one place
// (design section 4, "Failing in one place").
import { channel } from "node:diagnostics_channel";
import { randomUUID } from "node:crypto";
import { callSite, framesOf, relocate, type CallSite } from "../context/located.js";
import { observe, track, wasMet } from "../errors/observed-promise.js";
import { failureBehind, isBroodsDoing } from "../errors/silence.js";
import { UnheardFailures } from "../context/unheard.js";
import { watchReason } from "../context/watched-signal.js";
import type {
  ActorSource,
  Loose,
  Nursery,
  NurseryOptions,
  OutputLine,
  Portal,
  SpawnMethod,
  StdioOption,
} from "../context/surface.js";
import type { Exit } from "../errors/exit.js";
import type { ActorId } from "../errors/identity.js";
import {
  Cancelled,
  InvalidOption,
  NurseryClosed,
  StartFailed,
  Unsupported,
  type ActorDied,
  type CancelOrigin,
} from "../errors/kinds.js";
import type { Channel } from "../protocol/channel.js";
import { assertOwn, forks } from "../protocol/forks.js";
import { FrameType } from "../protocol/frame.js";
import { LEVELS } from "../protocol/here.js";
import { forgetScope, noteScope, type Describable } from "../protocol/scopes.js";
import { MOST_LISTED, type ScopeDump } from "../protocol/tree.js";
import { encodePlain } from "../protocol/payload.js";
import { checkObject } from "../portal/check.js";
import { Control, type ControlOwner, type ControlSettings } from "../portal/control.js";
import { ActorPortal, type PortalBound } from "../portal/portal.js";
import { relay } from "../spawn/relay.js";
import { combine, Failures } from "./failures.js";
import { HostedBodies, type HostedSettings } from "./hosted.js";
import { checkLimits } from "./limits.js";
import { chooseMethod, preloadOf, type Choice } from "./methods.js";
import {
  actorsGranted,
  CANCEL_TIMEOUT,
  checkName,
  checkStartOptions,
  KILL_TIMEOUT,
  START_TIMEOUT,
  type AnyOptions,
} from "./options.js";
import { enter, leave, thisProcess, type RootScope } from "./runtime.js";
import { besideOf, checkSource } from "./source.js";

/** How long a body may go on after its nursery failed before a warning names the nursery, in ms (design section 4). */
const BODY_WARNING = 5_000;

/** Published for every actor that dies unasked: `{ actor, path, exit, nursery }`. */
const deaths = channel("brood:death");
/** Published for every actor that is deaf and was spared: `{ actor, path, nursery }`. */
const deafs = channel("brood:deaf");

/** Published for every actor that another method had to make: `{ actor, path, nursery, asked, method, reason }`. */
const fallbacks = channel("brood:fallback");

/** The task that a nursery hangs on, where it was opened inside an actor. */
export interface TaskBound extends PortalBound {
  /** Its reason is a Cancelled, which everything in the nursery is then rejected with. */
  readonly signal: AbortSignal;
}

/** Something beside actors that a nursery owns, as a supervisor: it is ended with the nursery, in its own way. */
export interface NurseryMember extends Describable {
  /** The nursery ends: what waits for the member is rejected with `error`, now. */
  interrupt(error: Error): void;
  /** Ends it; it says by its tie when nothing of it is left. Bounded. */
  end(origin: CancelOrigin): void;
  /** Kills what it has, now. */
  killAll(): void;
}

/** What ties a member to its nursery. */
export interface MemberTie {
  /** It has failed, and its nursery with it, as by the death of an actor. Before `left`. */
  fail(error: Error): void;
  /** Nothing of it is left. */
  left(): void;
}

/** A start whose options are checked. */
interface Checked {
  readonly name: string;
  readonly source: ReturnType<typeof checkSource>;
  readonly choice: Choice;
  readonly limits: ReturnType<typeof checkLimits>;
  readonly granted: readonly SpawnMethod[];
  readonly module: string | undefined;
  readonly preload: ReturnType<typeof preloadOf>;
  readonly inheritMain: boolean;
}

/** An actor and the first portal on it. */
export interface Made {
  readonly control: Control;
  readonly portal: ActorPortal;
}

interface Child extends Made {
  readonly order: number;
  readonly onDeath: "fail" | "report";
}

export class ActorNursery implements Nursery, NurseryMember, ControlOwner, RootScope {
  readonly name: string;
  readonly signals: boolean;
  readonly #options: NurseryOptions;
  readonly #bound: TaskBound | undefined;
  readonly #forks = forks();
  readonly #children = new Map<Control, Child>();
  readonly #members = new Set<NurseryMember>();
  readonly #failures = new Failures();
  readonly #controller = new AbortController();
  #status: "open" | "ending" | "ended" = "open";
  #statusSince = performance.now();
  #started = 0;
  /** The first failure, or the cancel: what the signal's reason is and what pending calls are rejected with. */
  #cause: Error | undefined;
  #reasonRead = false;
  #thrown = false;
  #ending: Promise<void> | undefined;
  #idle: (() => void)[] = [];
  #unbind: (() => void) | undefined;
  /** Set where it is within another one, which is then told of its failures and throws them. */
  readonly #tie: MemberTie | undefined;

  /** @param outer the nursery that it is within, of whose defaults and task it then is */
  constructor(options: NurseryOptions = {}, bound?: TaskBound, outer?: ActorNursery) {
    const place = thisProcess();
    if (place.loadingMain) {
      throw new Unsupported(
        "a nursery while the main module is loaded into an actor",
        "guard the program's start, as if (process.argv[1] === fileURLToPath(import.meta.url)) { ... }, or start the actor with inheritMain: false",
      );
    }
    this.name = options.name ?? "nursery";
    this.signals = options.signals ?? false;
    this.#options = outer === undefined ? options : { ...outer.#options, ...options };
    this.#bound = outer === undefined ? bound : outer.#bound;
    watchReason(this.#controller.signal, () => (this.#reasonRead = true));
    this.#tie = outer?.adopt(this);
    if (outer === undefined) {
      enter(this);
      noteScope(this);
    }
    if (bound !== undefined) {
      const cancelled = (): void => this.#end(bound.signal.reason as Cancelled);
      if (bound.signal.aborted) cancelled();
      else {
        bound.signal.addEventListener("abort", cancelled, { once: true });
        this.#unbind = () => bound.signal.removeEventListener("abort", cancelled);
      }
    }
  }

  get status(): "open" | "ending" | "ended" {
    return this.#status;
  }
  get signal(): AbortSignal {
    return this.#controller.signal;
  }
  get children(): readonly Portal<Loose>[] {
    return [...this.#children.values()]
      .filter(({ control }) => control.status === "running")
      .map(({ portal }) => portal);
  }

  start<E>(what: ActorSource<E>, options: AnyOptions): Promise<Portal<E>> {
    return observe(
      this.#start("start", callSite(this.start), what, options, options?.onDeath).then(
        ({ portal }) => portal as Portal<any>,
      ),
      isBroodsDoing,
    );
  }

  run(what: ActorSource<any>, endpoint: string, args: any[], options: AnyOptions = {}): Promise<any> {
    return observe(this.#run(callSite(this.run), what, endpoint, args, options), isBroodsDoing);
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#assertOwn();
    this.#end(new Cancelled(this.#origin("cancel", reason)));
    return this.#ended();
  }

  join(): Promise<void> {
    return observe(this.#join(), () => false);
  }

  async #join(): Promise<void> {
    this.#assertOwn();
    await this.#idleNow();
    if (this.#status !== "open") await this.#ended();
    this.#throwOnce();
  }

  close(): Promise<void> {
    return observe(
      this.#finish().then(() => this.#throwOnce()),
      () => false,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#finish();
    const errors = this.#failures.errors;
    const met = this.#reasonRead || (errors.length > 0 && errors.every((error) => wasMet(error)));
    if (!met) this.#throwOnce();
  }

  /** Runs the body of `withNursery`: its error counts first, then those of the actors. */
  async around<T>(body: (nursery: Nursery) => Promise<T>): Promise<T> {
    let value: T | undefined;
    let thrown: { readonly error: unknown } | undefined;
    let warning: ReturnType<typeof setTimeout> | undefined;
    const warn = (): void => {
      warning = setTimeout(() => {
        process.emitWarning(
          `nursery ${this.name} has ended its actors and waits for its body, which has not returned for ${BODY_WARNING / 1000} s`,
          {
            type: "BroodWarning",
            code: "BROOD_BODY_WAITS",
          },
        );
      }, BODY_WARNING).unref();
    };
    this.signal.addEventListener("abort", warn, { once: true });
    try {
      value = await body(this);
    } catch (error) {
      thrown = { error };
    }
    this.signal.removeEventListener("abort", warn);
    clearTimeout(warning);
    await this.#finish();
    this.#thrown = true;
    const errors: unknown[] = this.#failures.errors;
    if (thrown !== undefined && !errors.includes(thrown.error)) {
      // A cancellation that a failure caused says nothing beside that failure.
      if (errors.length === 0 || !this.#broughtAbout(thrown.error)) errors.unshift(thrown.error);
    }
    if (errors.length > 0) throw combine(this.name, errors);
    return value as T;
  }

  // RootScope.

  async interrupted(signal: string): Promise<void> {
    this.#end(new Cancelled(this.#origin("host signal", signal)));
    await this.#ended();
  }

  killAll(): void {
    for (const member of this.#members) member.killAll();
    for (const { control } of this.#children.values()) void control.kill(thisProcess().id);
  }

  // NurseryMember, of the one that it is within.

  interrupt(error: Error): void {
    this.#end(error);
    void this.#ended();
  }

  /** It does, since it was interrupted. */
  end(): void {}

  /** ms left of the deadline of the task that it hangs on; undefined without one. */
  remaining(): number | undefined {
    return this.#bound?.remaining();
  }

  /** It begins to end, for `cause`; told once, before anything in it is. */
  protected ending(_cause: Error): void {}

  // Describable.

  async describe(within: number): Promise<ScopeDump> {
    const children = [...this.#children.values()].slice(0, MOST_LISTED);
    const members = [...this.#members].slice(0, MOST_LISTED);
    const [actors, scopes] = await Promise.all([
      Promise.all(children.map(({ control }) => control.describe(within))),
      Promise.all(members.map((member) => member.describe(within))),
    ]);
    return {
      kind: this.kind,
      name: this.name,
      status: this.#status,
      for: performance.now() - this.#statusSince,
      note: this.note,
      actors,
      scopes,
      more: this.#children.size - actors.length,
    };
  }

  /** What it is called in a dump. */
  protected get kind(): ScopeDump["kind"] {
    return "nursery";
  }

  /** What else a dump says of it. */
  protected get note(): string | undefined {
    return this.#status === "ending" ? `ends: ${this.#cause?.message ?? ""}` : undefined;
  }

  /** Takes a member in, in start order with the actors. @throws NurseryClosed */
  adopt(member: NurseryMember): MemberTie {
    this.#assertOwn();
    this.#mustBeOpen();
    const order = this.#started++;
    this.#members.add(member);
    return {
      fail: (error) => this.#fail(order, error),
      left: () => {
        if (this.#members.delete(member)) this.#noteIdle();
      },
    };
  }

  /** Checks a start on behalf of a member, as `asked`. @throws InvalidOption, Unsupported */
  checkStart(asked: string, what: unknown, options: AnyOptions): void {
    this.#checked(asked, "start", what, options);
  }

  /** Makes an actor for a member, which owns it: it is the member that begins and ends it. @throws as `start` rejects */
  make(asked: string, what: unknown, options: AnyOptions, owner: ControlOwner): Made {
    this.#assertOwn();
    const order = this.#checked(asked, "start", what, options);
    this.#mustBeOpen();
    return this.#make(order, options, owner);
  }

  /** Publishes the death of an actor, its own or a member's. */
  died(control: Control, exit: Exit): void {
    deaths.publish({ actor: control.id, path: control.where.path, exit, nursery: this.name });
  }

  // ControlOwner.

  readonly unheard = new UnheardFailures();

  ended(control: Control, exit: Exit, death: ActorDied | undefined): void {
    const child = this.#children.get(control);
    if (child === undefined) return;
    if (death !== undefined) {
      this.died(control, exit);
      if (child.onDeath === "fail") this.#fail(child.order, death);
    }
    this.#children.delete(control);
    this.#noteIdle();
  }

  late(control: Control, error: Error): void {
    const child = this.#children.get(control);
    if (child !== undefined) this.#fail(child.order, error);
  }

  fellBack(control: Control): void {
    const { spawnMethod: asked } = control.settings;
    const { spawnMethod: method, spawnReason: reason } = control;
    fallbacks.publish({ actor: control.id, path: control.where.path, nursery: this.name, asked, method, reason });
  }

  deaf(control: Control): void {
    deafs.publish({ actor: control.id, path: control.where.path, nursery: this.name });
  }

  // Starting.

  async #start(
    verb: "start" | "run",
    site: CallSite,
    what: unknown,
    options: AnyOptions,
    onDeath: "fail" | "report" | undefined,
  ): Promise<Child> {
    this.#assertOwn();
    const order = this.#checked(`nursery.${verb}`, verb, what, options);
    this.#mustBeOpen();
    const child: Child = {
      ...this.#make(order, options, this),
      order: this.#started++,
      onDeath: onDeath ?? this.#options.onDeath ?? "fail",
    };
    const { control } = child;
    this.#children.set(control, child);
    control.begin();
    try {
      await control.ready;
    } catch (error) {
      // It comes from a timer or a dead process; which start it was says the caller's line.
      if (error instanceof StartFailed) relocate(error, framesOf(site.stack));
      throw error;
    }
    return child;
  }

  /** Checks all of a start before anything happens. */
  #checked(asked: string, verb: "start" | "run", what: unknown, options: AnyOptions): Checked {
    const source = checkSource(asked, what);
    checkObject(asked, options);
    const choice = chooseMethod(asked, options.spawn, source.kind);
    checkStartOptions(asked, options, verb, choice.name);
    const { name } = options;
    checkName(`${asked}: name`, name);
    const limits = checkLimits(asked, options.limits);
    const granted = actorsGranted(options.grants);
    choice.method.check(asked, options);
    // A guest has its module, or its text, within it.
    const module = choice.name !== "wasm" && source.kind === "actor" ? source.module.href : undefined;
    const inheritMain =
      module !== undefined && this.#inheritMain(asked, options.inheritMain, module, thisProcess().main, choice.name);
    return { name, source, choice, limits, granted, module, preload: preloadOf(options.preload), inheritMain };
  }

  /** An actor that is not begun yet. */
  #make(order: Checked, options: AnyOptions, owner: ControlOwner): Made {
    const { name, source, choice, limits, granted, module, preload, inheritMain } = order;
    const { name: spawnMethod, method, reason, explicit } = choice;
    const place = thisProcess();
    const id: ActorId = { name, uuid: randomUUID() };
    const path = `${place.path}/${name}`;
    const output = outputOf(options.stdio, id);
    const settings: ControlSettings = {
      id,
      path,
      nursery: this.name,
      self: place.id,
      spawnMethod,
      spawnReason: reason,
      startTimeout: options.startTimeout ?? this.#options.startTimeout ?? START_TIMEOUT,
      cancelTimeout: options.cancelTimeout ?? this.#options.cancelTimeout ?? CANCEL_TIMEOUT,
      killTimeout: options.killTimeout ?? this.#options.killTimeout ?? KILL_TIMEOUT,
      onDeaf: options.onDeaf ?? this.#options.onDeaf ?? "kill",
      signal: options.signal,
      spec: {
        parent: place.id,
        root: place.root,
        path,
        spawnMethod,
        // Its environment is where a log level is set, also for one actor.
        logLevel: options.env?.["BROOD_LOGLEVEL"] ?? place.logLevel,
        module,
        source: source.kind === "source" ? source.code : undefined,
        main: module === undefined ? undefined : place.main,
        inheritMain,
        // Under `true` it is the actor's own module, which it loads anyway.
        preload: typeof preload === "object" ? preload : undefined,
        cancelTimeout: options.cancelTimeout ?? this.#options.cancelTimeout ?? CANCEL_TIMEOUT,
        budget: undefined,
        actors: granted.length === 0 ? undefined : granted,
      },
      hosts:
        granted.length === 0
          ? undefined
          : (channel) => hostFor(channel, { id, path, nursery: this.name, limits, granted, beside: besideOf(source) }),
      spawn: (birth, sink) =>
        method.spawn({ ...birth, source, options: { ...options, preload }, explicit, limits, output, sink }),
      endingWithin: () => place.endingWithin,
      log: (level, text) => output("stderr", `${LEVELS[level] ?? "log"}: ${text}`),
    };
    const control = new Control(settings, owner);
    return { control, portal: new ActorPortal(control, this.#bound) };
  }

  #inheritMain(
    asked: string,
    given: boolean | undefined,
    module: string,
    main: string | undefined,
    method: SpawnMethod,
  ): boolean {
    const bare = (url: string): string => url.replace(/[?#].*$/, "");
    const definedThere = main !== undefined && bare(module) === main;
    if (given === false && definedThere) {
      throw new InvalidOption(
        `${asked}: inheritMain`,
        false,
        "true or nothing: this actor is defined in the main module, which it must load",
      );
    }
    if (given === true && main === undefined) {
      throw new InvalidOption(`${asked}: inheritMain`, true, "false or nothing: this program has no main module");
    }
    if (method !== "main_thread_forkserver") return given ?? definedThere;
    // It has all that this program has loaded.
    if (given !== false) return false;
    throw new InvalidOption(
      `${asked}: inheritMain`,
      false,
      "true or nothing: a fork of this program has its main module, as all that it has in memory",
    );
  }

  async #run(
    site: CallSite,
    what: ActorSource<any>,
    endpoint: string,
    args: any[],
    options: AnyOptions,
  ): Promise<unknown> {
    if (typeof endpoint !== "string" || endpoint === "")
      throw new InvalidOption("nursery.run: endpoint", endpoint, "the name of an endpoint");
    if (!Array.isArray(args))
      throw new InvalidOption("nursery.run: args", args, "an array of the endpoint's arguments");
    checkObject("nursery.run", options);
    const name = options.name === undefined ? nameAfter(endpoint) : options.name;
    const { control, portal } = await this.#start("run", site, what, { ...options, name }, "report");
    try {
      const { deadline, signal } = options;
      return await portal.with({ deadline, signal }).callFrom(site, endpoint, args).unobserved();
    } finally {
      // Its end is asked for: it settles only after the actor is gone.
      await control.cancel(this.#origin("scope", undefined), { kind: "return" });
    }
  }

  // Ending.

  #origin(via: CancelOrigin["via"], reason: unknown): CancelOrigin {
    return { scope: "nursery", via, canceller: thisProcess().id, reason };
  }

  #fail(order: number, error: Error): void {
    track(error);
    this.#failures.add(order, error);
    this.#tie?.fail(error);
    this.#end(error);
  }

  /** Ends everything, for `cause`; what waits is rejected with it at once. Idempotent. */
  #end(cause: Error): void {
    if (this.#status !== "open") return;
    this.#advance("ending");
    this.#cause = cause;
    this.#controller.abort(cause);
    this.ending(cause);
    const origin: CancelOrigin = cause instanceof Cancelled ? cause : this.#origin("scope", cause);
    this.#endAll(cause, origin);
  }

  /** The last started hears of it first; their ladders run side by side. */
  #endAll(cause: Error, origin: CancelOrigin): void {
    const members = [...this.#members].reverse();
    const children = [...this.#children.values()].reverse();
    for (const member of members) member.interrupt(cause);
    for (const { control } of children) control.interrupt(cause);
    for (const member of members) member.end(origin);
    for (const { control } of children) void control.cancel(origin);
  }

  #advance(status: "ending" | "ended"): void {
    this.#status = status;
    this.#statusSince = performance.now();
  }

  #mustBeOpen(): void {
    if (this.#status === "open") return;
    throw new NurseryClosed(this.name, this.#status === "ending" ? "ending" : "closed", this.#cause);
  }

  #assertOwn(): void {
    assertOwn(this.#forks, "a nursery");
  }

  /** The end of the scope: nothing failed, nobody cancelled, and whatever still runs is ended. */
  async #finish(): Promise<void> {
    this.#assertOwn();
    if (this.#status === "open") {
      this.#advance("ending");
      this.#cause = new Cancelled(this.#origin("scope", undefined));
      this.ending(this.#cause);
      this.#endAll(this.#cause, this.#origin("scope", undefined));
    }
    await this.#ended();
  }

  #ended(): Promise<void> {
    this.#ending ??= this.#idleNow().then(() => {
      this.#advance("ended");
      this.#unbind?.();
      this.unheard.end();
      if (this.#tie !== undefined) return this.#tie.left();
      forgetScope(this);
      leave(this);
    });
    return this.#ending;
  }

  get #isIdle(): boolean {
    return this.#children.size === 0 && this.#members.size === 0;
  }

  #idleNow(): Promise<void> {
    return this.#isIdle ? Promise.resolve() : new Promise((resolve) => this.#idle.push(resolve));
  }

  #noteIdle(): void {
    if (this.#isIdle) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Whether this error of the body's is no more than what the nursery's own end has brought about. */
  #broughtAbout(error: unknown): boolean {
    const cause = this.#cause;
    if (cause instanceof Cancelled)
      return (
        error === cause || (error instanceof Cancelled && error.scope === "nursery" && error.reason === cause.reason)
      );
    return isBroodsDoing(error) && failureBehind(error) === cause;
  }

  #throwOnce(): void {
    if (this.#thrown || this.#failures.size === 0 || this.#tie !== undefined) return;
    this.#thrown = true;
    throw combine(this.name, this.#failures.errors);
  }
}

/** What hosts the actors of a guest: orders come through its channel, and what comes of them goes back by it. */
function hostFor(channel: Channel, settings: HostedSettings): HostedBodies {
  return new HostedBodies(settings, {
    tell(told) {
      const { payload, flags } = encodePlain(told, "Reply");
      channel.send(FrameType.Reply, flags, 0, payload);
    },
    bytes: (body, bytes) => channel.send(FrameType.Reply, 0, body, bytes),
    waiting: (body) => channel.waiting(body),
  });
}

/** An endpoint as a name; the name of an export, `acme:md/api#render`, has a separator of paths in it. */
function nameAfter(endpoint: string): string {
  return endpoint.replaceAll("/", ".").slice(0, 200);
}

function outputOf(stdio: StdioOption | undefined, actor: ActorId): (stream: "stdout" | "stderr", text: string) => void {
  if (stdio === "ignore") return () => {};
  if (typeof stdio !== "function") return (stream, text) => relay(stream, `[${actor.name}] ${text}`);
  return (stream, text) => {
    const line: OutputLine = { actor, stream, text };
    try {
      stdio(line);
    } catch (error) {
      // The user's own function failed: theirs to hear of, and no reason to lose the actor.
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}
