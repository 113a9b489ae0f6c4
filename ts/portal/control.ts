// The one owner of a started actor: its status, its channel or its exports, the ladder that ends it, and the exit that is told once.
// Whatever happens first settles a start: ready, death, timeout or abort. Every ending is bounded: Cancel, SIGTERM after
// `cancelTimeout`, SIGKILL after `killTimeout` more.
import { randomUUID } from "node:crypto";
import { channel } from "node:diagnostics_channel";
import type { Asking } from "../context/asking.js";
import { ExportCaller } from "../context/export-caller.js";
import { deferred, track } from "../errors/observed-promise.js";
import { Opener } from "../context/opener.js";
import type { ActorStatus, SpawnMethod } from "../context/surface.js";
import type { UnheardFailures } from "../context/unheard.js";
import type { Exit } from "../errors/exit.js";
import type { ActorId } from "../errors/identity.js";
import { NotGranted } from "../errors/guest.js";
import {
  ActorDied,
  Cancelled,
  InvalidMessage,
  StartFailed,
  type CancelOrigin,
  type Whereabouts,
} from "../errors/kinds.js";
import type { RemoteActorError } from "../errors/remote.js";
import {
  decodeCancelAck,
  decodeError,
  decodeHello,
  decodeLog,
  decodeReady,
  encodeCancel,
  encodeSpec,
  encodeSpecJson,
} from "../protocol/bodies.js";
import { Channel, type ChannelHandler } from "../protocol/channel.js";
import { rebuildError } from "../protocol/error-data.js";
import type { Birth, Body, BodyEnd, BodySink, Exports, Guest, Lateness } from "../protocol/body.js";
import { Flag, FrameType } from "../protocol/frame.js";
import { encodePacked, encodePlain } from "../protocol/payload.js";
import { decodeAnswer, type Question } from "../protocol/describing.js";
import type { ActorDump, PartDump } from "../protocol/tree.js";
import type { Transport } from "../protocol/transport.js";
import { acceptsVersion, PROTOCOL_VERSION } from "../protocol/version.js";
import { stepsWithin, type Steps } from "./budget.js";
import { exitOf, isDeath, type Asked } from "./exit-of.js";
import { nextStatus, type ActorEvent } from "./lifecycle.js";

/** From the acknowledgement to leaving, in ms, where `cancelTimeout` leaves less: a process that said goodbye is given the
 *  time to run its exit listeners on a busy machine before SIGTERM. */
const LEAVE_GRACE = 250;
/** From the end of a channel to the end of its actor, in ms; then the actor is ended through its handle (facts, section 0). */
const CHANNEL_DRAIN = 500;

/** Published for every actor that is ready: `{ actor, path, nursery, method }`. */
const starts = channel("brood:start");
/** Published for every actor that is gone, also one that was never ready: `{ actor, path, nursery, exit }`. */
const exits = channel("brood:exit");
/** Published for every actor that is refused what it was not granted: `{ actor, path, nursery, grants }`. */
const denials = channel("brood:denied");

/** What an actor that speaks frames is told: one of another process once it has proved itself, a guest at once. */
export type SpecBody = Parameters<typeof encodeSpec>[0];

/** All that a start needs. */
export interface ControlSettings extends Steps {
  readonly id: ActorId;
  readonly path: string;
  /** The name of its nursery. */
  readonly nursery: string;
  /** Who starts it. */
  readonly self: ActorId;
  readonly spawnMethod: SpawnMethod;
  readonly spawnReason: string;
  readonly startTimeout: number;
  readonly onDeaf: "kill" | "report";
  readonly signal: AbortSignal | undefined;
  readonly spec: Omit<SpecBody, "actor">;
  /** Makes the body; throws where not even that is possible. */
  spawn(birth: Birth, sink: BodySink): Body;
  /** Time left of this process, where it is itself being ended; ms. */
  endingWithin(): number | undefined;
  /** The actor's own log lines. */
  log(level: number, text: string): void;
  /** What hosts the actors that it starts itself; undefined where it was not granted any. */
  hosts: ((channel: Channel) => Hosted) | undefined;
}

/** The bodies that an actor of this process has ordered. */
export interface Hosted {
  /** @throws InvalidMessage */
  message(flags: number, context: number, payload: Uint8Array): void;
  /** Gives each line of a stack the place in its sources: `own` knows those of the actor itself. */
  mapStack(stack: string, own: (stack: string) => string): string;
  /** Ends them; resolves when they are gone. */
  end(): Promise<void>;
}

/** Who hears how it went. */
export interface ControlOwner {
  /** Once, before anything that waits for the actor is rejected. `death` is set when nobody had asked for the end. */
  ended(control: Control, exit: Exit, death: ActorDied | undefined): void;
  /** A failure that has no caller left to hear it: of a cleanup, or of a task whose caller had been interrupted. */
  late(control: Control, error: Error): void;
  /** Another method had to make it than the one that was chosen. Once, before it speaks. */
  fellBack(control: Control): void;
  /** It stayed silent past `cancelTimeout`, and was spared (`onDeaf: "report"`). */
  deaf(control: Control): void;
  /** Failures of contexts that nobody has met; told when the owner ends. */
  readonly unheard: UnheardFailures;
}

/** Of the time for an answer, what an actor may take to ask its own: the rest is for the way back. */
const SHARE = 0.7;
/** What is said of an actor that does not answer. */
const SILENT = "it does not answer: busy, or stopped?";

/** The level of an error in the log. */
const LOG_ERROR = 1;

type Phase = "hello" | "load" | "ready";

export class Control implements ChannelHandler, BodySink {
  readonly #settings: ControlSettings;
  readonly #owner: ControlOwner;
  readonly #token = randomUUID();
  readonly #born = performance.now();
  readonly #ready = deferred<void>();
  readonly #exited = deferred<Exit>();
  #id: ActorId;
  #status: ActorStatus = "starting";
  #statusSince = this.#born;
  #phase: Phase = "hello";
  #body: Body | undefined;
  #channel: Channel | undefined;
  /** The one or the other, once it speaks. */
  #opener: Opener | undefined;
  #caller: ExportCaller | undefined;
  #exports: Exports | undefined;
  /** Set where this process itself holds the actor. */
  #guest: Guest | undefined;
  #startTime = 0;
  #asked: Asked | undefined;
  #origin: CancelOrigin | undefined;
  #acknowledged = false;
  #forced = false;
  #fatal: Error | undefined;
  #breach: InvalidMessage | undefined;
  /** Its channel ended within a frame: its own doing, unless its end says more. */
  #torn: InvalidMessage | undefined;
  #loadError: { phase: "load" | "setup"; error: RemoteActorError } | undefined;
  #startError: Error | undefined;
  /** How far it had come when `startTimeout` was over. */
  #late: Lateness | undefined;
  #death: ActorDied | undefined;
  #exit: Exit | undefined;
  #replaced: Error | undefined;
  #cancelling: Promise<boolean> | undefined;
  #hosted: Hosted | undefined;
  /** Its newest question about what runs in it, whether that is unanswered, and who waits for the answer. */
  #question = 0;
  #unanswered = false;
  readonly #askers = new Set<(part: PartDump) => void>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #startTimer: ReturnType<typeof setTimeout> | undefined;
  #onAbort: (() => void) | undefined;
  #onAcknowledged: (() => void) | undefined;

  constructor(settings: ControlSettings, owner: ControlOwner) {
    this.#settings = settings;
    this.#owner = owner;
    this.#id = settings.id;
    // A start that fails while nobody awaits it any more (its nursery is gone) is no unhandled rejection.
    this.#ready.promise.silence();
  }

  get id(): ActorId {
    return this.#id;
  }
  get where(): Whereabouts {
    return { actor: this.#id, path: this.#settings.path };
  }
  get status(): ActorStatus {
    return this.#status;
  }
  get settings(): ControlSettings {
    return this.#settings;
  }
  /** What truly makes it. */
  get spawnMethod(): SpawnMethod {
    return this.#body?.instead?.method ?? this.#settings.spawnMethod;
  }
  get spawnReason(): string {
    return this.#body?.instead?.reason ?? this.#settings.spawnReason;
  }
  get startTime(): number {
    return this.#startTime;
  }
  /** How long this process stood still to make it, in ms, where it did. */
  get pause(): number | undefined {
    return this.#body?.pause;
  }
  get exited(): Promise<Exit> {
    return this.#exited.promise;
  }
  get exit(): Exit | undefined {
    return this.#exit;
  }
  /** Resolves when the actor is ready; rejects when it will not be, and is gone. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Who it is, in an event. */
  get #told(): { actor: ActorId; path: string; nursery: string } {
    const { path, nursery } = this.#settings;
    return { actor: this.#id, path, nursery };
  }

  /** What there is to see of it. What it says of itself comes within `within` ms, or is left out. */
  async describe(within: number): Promise<ActorDump> {
    const now = performance.now();
    const { askingOrNone: asking, settings } = this;
    const asked = asking?.describe() ?? [];
    const { name, uuid, pid } = this.#id;
    const known: ActorDump = {
      name,
      path: settings.path,
      uuid,
      pid,
      spawnMethod: this.spawnMethod,
      status: this.#status,
      for: now - this.#statusSince,
      age: now - this.#born,
      asked,
      more: (asking?.size ?? 0) - asked.length,
      total: asking?.total ?? 0,
    };
    // It understands the question once it is ready, and not before.
    if (this.#phase !== "ready") return { ...known, silent: this.#lateness().got };
    // A component has no inside but its one call.
    if (this.#channel === undefined || this.#channel.closed) return known;
    const inside = await this.#insideWithin(within);
    return inside === undefined ? { ...known, silent: SILENT } : { ...known, inside };
  }

  /** The table of calls; where the actor is not running, throws why. */
  asking(): Asking {
    const asking = this.askingOrNone;
    if (this.#status === "running" && asking !== undefined) return asking;
    throw this.whyNot();
  }
  get askingOrNone(): Asking | undefined {
    return this.#opener ?? this.#caller;
  }

  /** Whether it can be asked now, as far as anybody knows: its channel may end before its death is known. */
  get answers(): boolean {
    return this.#status === "running" && this.#channel?.closed !== true;
  }

  /** Why nothing can be asked of it. */
  whyNot(): Error {
    if (this.#replaced !== undefined) return this.#replaced;
    if (this.#death !== undefined) return this.#death;
    if (this.#exit !== undefined) return new ActorDied(this.where, this.#exit);
    return new Cancelled(
      this.#origin ?? { scope: "actor", via: "cancel", canceller: this.#settings.self, reason: undefined },
      this.where,
    );
  }

  /**
   * Its supervisor starts another in its place: once it runs no more, whatever is asked of it is refused with `error`. What is
   * already asked of it learns how it ended. Undefined: no other comes.
   */
  replace(error: Error | undefined): void {
    this.#replaced = error;
  }

  /** Starts it. Everything that goes wrong arrives at `ready`. */
  begin(): void {
    const { settings } = this;
    if (settings.signal?.aborted === true) {
      return this.#stillborn(
        new Cancelled(
          { scope: "actor", via: "signal", canceller: settings.self, reason: settings.signal.reason },
          this.where,
        ),
      );
    }
    let body: Body;
    try {
      const { startTimeout, path } = settings;
      body = settings.spawn({ id: this.#id, path, token: this.#token, startTimeout }, this);
    } catch (error) {
      return this.#stillborn(this.#notSpawned(error));
    }
    this.#body = body;
    if (body.pid !== undefined) this.#id = { ...this.#id, pid: body.pid };
    void body.gone.then(async (end) => {
      // What it has started is gone before it.
      if (this.#hosted !== undefined) await this.#hosted.end();
      this.#gone(end);
    });
    this.#startTimer = setTimeout(() => {
      this.#late = this.#lateness();
      this.#refuse(undefined);
    }, settings.startTimeout);
    if (settings.signal !== undefined) {
      const { signal } = settings;
      this.#onAbort = () =>
        this.#refuse(
          new Cancelled({ scope: "actor", via: "signal", canceller: settings.self, reason: signal.reason }, this.where),
        );
      signal.addEventListener("abort", this.#onAbort, { once: true });
    }
    body.begin();
  }

  /**
   * Asks it to end and climbs the ladder until it is gone.
   * @returns whether it acknowledged; an actor already gone counts as done
   */
  cancel(
    origin: CancelOrigin,
    asked: Asked = { kind: "cancel", by: origin.canceller, reason: origin.reason },
  ): Promise<boolean> {
    if (this.#cancelling !== undefined) return this.#cancelling;
    if (this.#status === "ended") return Promise.resolve(true);
    const starting = this.#status === "starting";
    this.#asked ??= asked;
    this.#origin ??= origin;
    this.#advance("ask");
    this.#cancelling = this.exited.then(() => this.#acknowledged);
    if (starting) {
      this.#refuse(new Cancelled(origin, this.where));
    } else if (this.#asked.kind !== "kill") {
      this.#climb(origin);
    }
    return this.#cancelling;
  }

  /** Ends it at once. */
  kill(by: ActorId): Promise<Exit> {
    if (this.#status !== "ended") {
      this.#asked = { kind: "kill", by };
      this.#origin ??= { scope: "actor", via: "cancel", canceller: by, reason: undefined };
      const starting = this.#status === "starting";
      this.#advance("ask");
      if (starting) this.#startError ??= new Cancelled(this.#origin, this.where);
      this.#force();
    }
    return this.exited;
  }

  /** Rejects everything that waits for it, now; a start in flight as soon as what there is of it is gone. */
  interrupt(error: Error): void {
    // A cancel tells a start more than the nursery's own error can: which actor.
    if (this.#status === "starting" && !(error instanceof Cancelled)) this.#startError ??= error;
    this.askingOrNone?.interrupt(error);
  }

  // What its body tells.

  speaks(transport: Transport, guest?: Guest): void {
    const { settings } = this;
    // Some have a process only now.
    if (this.#body?.pid !== undefined) this.#id = { ...this.#id, pid: this.#body.pid };
    if (this.#body?.instead !== undefined) this.#owner.fellBack(this);
    const spoken = new Channel(transport, this, guest?.memory);
    this.#channel = spoken;
    if (guest !== undefined) {
      const { mapStack } = guest;
      this.#guest = { ...guest, mapStack: (stack) => this.#hosted?.mapStack(stack, mapStack) ?? mapStack(stack) };
    }
    this.#opener = new Opener(
      spoken,
      {
        where: this.where,
        self: settings.self,
        cancelTimeout: () => this.#steps().cancelTimeout,
        deaf: () => this.#deaf(),
        cancelledByActor: () =>
          this.#origin === undefined ? undefined : new Cancelled(this.#origin, this.where, true),
        late: (error) => this.#owner.late(this, error),
        undelivered: (error) => this.tellUndelivered(error),
        unheard: (context, error) => this.#owner.unheard.add(context, error, (unmet) => this.tellUndelivered(unmet)),
      },
      this.#guest,
    );
    if (guest === undefined) {
      if (this.#body?.known === true) this.#sendSpec();
      return;
    }
    spoken.send(FrameType.Spec, Flag.Json, 0, encodeSpecJson({ ...settings.spec, actor: this.#id }));
    spoken.flush();
  }

  /** Tells the log of an error that nobody is left to hear. */
  tellUndelivered(error: Error): void {
    const { spec, log } = this.#settings;
    if (spec.logLevel !== "silent") log(LOG_ERROR, `nobody awaits this any more: ${error.message}`);
  }

  offers(exports: Exports): void {
    const { settings } = this;
    this.#exports = exports;
    this.#caller = new ExportCaller(exports, {
      where: this.where,
      self: settings.self,
      cancelTimeout: () => this.#steps().cancelTimeout,
      end: () => void this.kill(settings.self),
      late: (error) => this.#owner.late(this, error),
    });
    this.#becomeReady();
  }

  received(bytes: Uint8Array): void {
    this.#channel?.received(bytes);
  }
  drained(): void {
    this.#channel?.drained();
  }
  ended(): void {
    this.#channel?.ended();
  }
  returned(call: number, value: unknown): void {
    this.#caller?.returned(call, value);
  }
  threw(call: number, payload: unknown): void {
    this.#caller?.threw(call, payload);
  }
  refused(call: number, error: Error): void {
    this.#caller?.refused(call, error);
  }
  logged(level: number, text: string): void {
    this.#settings.log(level, text);
  }

  // What comes through the channel.

  message(type: FrameType, flags: number, context: number, payload: Uint8Array): void {
    if (this.#phase === "hello" && type !== FrameType.Hello)
      throw new InvalidMessage(`a frame of type ${type} before Hello`);
    if (type === FrameType.Request) return this.#request(flags, context, payload);
    if (context !== 0) {
      if (this.#phase !== "ready") throw new InvalidMessage(`a frame of context ${context} before Ready`);
      (this.#opener as Opener).message(type, flags, context, payload);
      return;
    }
    switch (type) {
      case FrameType.Hello:
        return this.#hello(payload, flags);
      case FrameType.Ready:
        return this.#saidReady(payload, flags);
      case FrameType.Error: {
        const body = decodeError(payload, flags);
        const phase = body.phase === "setup" ? "setup" : "load";
        const what = this.#phase === "ready" ? "actor" : phase;
        const error = rebuildError(body.error, what, this.#guest?.mapStack);
        if (this.#phase === "ready") this.#fatal = error;
        else this.#loadError = { phase, error };
        return;
      }
      case FrameType.CancelAck: {
        if (this.#origin === undefined) throw new InvalidMessage("it acknowledges a cancel that nobody asked for");
        const { errors } = decodeCancelAck(payload, flags);
        this.#acknowledged = true;
        this.#onAcknowledged?.();
        for (const data of errors ?? []) {
          this.#owner.late(this, rebuildError(data, "cleanup", this.#guest?.mapStack));
        }
        return;
      }
      case FrameType.Reply: {
        const { number, part } = decodeAnswer(payload, flags);
        if (number !== this.#question || !this.#unanswered)
          throw new InvalidMessage("it answers what nobody has asked");
        this.#unanswered = false;
        for (const asker of this.#askers) asker(part);
        return;
      }
      case FrameType.Log: {
        const { level, text } = decodeLog(payload);
        return this.#settings.log(level, text);
      }
      default:
        throw new InvalidMessage(`a frame of type ${type} does not belong on the channel itself`);
    }
  }

  /** One question is on its way at a time: whoever asks meanwhile is given its answer, and one that never answers is sent no more. */
  #insideWithin(within: number): Promise<PartDump | undefined> {
    return new Promise((resolve) => {
      const asker = (part: PartDump | undefined): void => {
        clearTimeout(timer);
        this.#askers.delete(asker);
        resolve(part);
      };
      const timer = setTimeout(asker, within, undefined);
      this.#askers.add(asker);
      if (this.#unanswered) return;
      this.#unanswered = true;
      const question: Question = { ask: "describe", number: ++this.#question, within: within * SHARE };
      const encode = this.#guest === undefined ? encodePacked : encodePlain;
      const { payload, flags } = encode(question, "Request");
      this.#channel?.send(FrameType.Request, flags, 0, payload);
      this.#channel?.flush();
    });
  }

  #request(flags: number, context: number, payload: Uint8Array): void {
    const speaks = this.#channel as Channel;
    this.#hosted ??= this.#settings.hosts?.(speaks);
    if (this.#hosted === undefined) {
      denials.publish({ ...this.#told, grants: ["actors"] });
      throw new InvalidMessage("it orders an actor, which it was not granted");
    }
    this.#hosted.message(flags, context, payload);
    speaks.flush();
  }

  closed(breach: InvalidMessage | undefined, torn = false): void {
    if (this.#status === "ended") return;
    // Who dies while it sends leaves half a frame behind.
    if (torn && this.#phase === "ready") this.#torn = breach;
    else if (breach !== undefined) {
      this.#breach = breach;
      // No step of a cancel: that it is ended is the answer to what it did.
      this.#body?.kill();
      return;
    }
    // Its process usually ends with its channel; one that lives on without is ended through its handle.
    this.#later(CHANNEL_DRAIN, () => {
      if (this.#body?.ended === true) return;
      if (!this.#acknowledged)
        this.#breach ??= this.#torn ?? new InvalidMessage("its channel was closed while it lived on");
      this.#force();
    });
  }

  #hello(payload: Uint8Array, flags: number): void {
    if (this.#phase !== "hello") throw new InvalidMessage("a second Hello");
    const hello = decodeHello(payload, flags);
    if (!acceptsVersion(hello.version)) {
      throw new InvalidMessage(
        `it speaks version ${hello.version} of the protocol, this host speaks ${PROTOCOL_VERSION} and the one before`,
      );
    }
    // A guest needs no proof, and has been told who it is already.
    if (this.#guest !== undefined) {
      this.#phase = "load";
      return;
    }
    if (!sameToken(hello.token, this.#token)) throw new InvalidMessage("its token is wrong");
    this.#phase = "load";
    if (this.#body?.known !== true) this.#sendSpec();
  }

  #sendSpec(): void {
    const { spawnMethod } = this;
    const module = this.#body?.module ?? this.#settings.spec.module;
    const spec = { ...this.#settings.spec, actor: this.#id, spawnMethod, module };
    // A fork has it already.
    if (spawnMethod === "forkserver") delete spec.preload;
    (this.#channel as Channel).send(FrameType.Spec, 0, 0, encodeSpec(spec));
  }

  #saidReady(payload: Uint8Array, flags: number): void {
    if (this.#phase !== "load") throw new InvalidMessage("Ready out of turn");
    (this.#opener as Opener).offer(decodeReady(payload, flags).endpoints);
    this.#becomeReady();
  }

  #becomeReady(): void {
    this.#phase = "ready";
    this.#disarmStart();
    this.#startTime = performance.now() - this.#born;
    this.#advance("ready");
    starts.publish({ ...this.#told, method: this.spawnMethod });
    if (this.#startError === undefined && this.#late === undefined) this.#ready.resolve();
  }

  // How it ends.

  #climb(origin: CancelOrigin): void {
    const { cancelTimeout, killTimeout } = this.#steps();
    const from = performance.now();
    if (this.#exports !== undefined) {
      this.#exports.stop();
    } else {
      const { payload, flags } = encodeCancel(
        { origin, within: cancelTimeout },
        this.#guest === undefined ? encodePacked : encodePlain,
      );
      (this.#channel as Channel).send(FrameType.Cancel, flags, 0, payload);
    }
    const terminate = (): void => {
      this.#forced = true;
      this.#body?.terminate();
    };
    const step = this.#later(cancelTimeout, terminate);
    this.#onAcknowledged = () => {
      clearTimeout(step);
      this.#later(Math.max(from + cancelTimeout - performance.now(), LEAVE_GRACE), terminate);
    };
    this.#later(cancelTimeout + killTimeout, () => this.#force());
  }

  #force(): void {
    this.#forced = true;
    this.#body?.kill();
  }

  #deaf(): void {
    if (this.#status !== "running") return;
    if (this.#settings.onDeaf === "report") return this.#owner.deaf(this);
    void this.kill(this.#settings.self);
  }

  /** The start will not succeed: ends what there is; `ready` rejects when it is gone, with `error` or what is known then. */
  #refuse(error: Error | undefined): void {
    this.#startError ??= error;
    this.#asked ??= { kind: "kill", by: this.#settings.self };
    this.#disarmStart();
    this.#force();
  }

  #stillborn(error: Error): void {
    this.#startError = error;
    this.#gone({ status: { kind: "unborn", error }, stderr: [] });
  }

  #gone(end: BodyEnd): void {
    const neverReady = this.#phase !== "ready" || this.#startError !== undefined || this.#late !== undefined;
    this.#disarmStart();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    // A component has no word of its own to say that it stops: it stops.
    if (this.#exports !== undefined && this.#origin !== undefined && end.status.kind === "exited")
      this.#acknowledged = true;
    const exit = exitOf({
      where: this.where,
      end,
      asked: this.#asked,
      acknowledged: this.#acknowledged,
      forced: this.#forced,
      fatal: this.#fatal,
      breach: this.#breach,
      torn: this.#torn,
    });
    this.#exit = exit;
    this.#advance("gone");
    if (!neverReady && isDeath(exit, this.#asked)) {
      this.#death = new ActorDied(this.where, exit, end.stderr);
      track(this.#death);
    }
    if (exit.kind === "failed" && exit.error instanceof NotGranted)
      denials.publish({ ...this.#told, grants: exit.error.imports });
    exits.publish({ ...this.#told, exit });
    this.#owner.ended(this, exit, this.#death);
    const asking = this.askingOrNone;
    // To make an error takes longer than most ends: only where somebody is told of it.
    if (asking !== undefined && asking.size > 0) {
      const cancelled = exit.kind === "cancelled" || exit.kind === "returned";
      asking.lost(
        cancelled && this.#origin !== undefined
          ? new Cancelled(this.#origin, this.where, true)
          : (this.#death ?? new ActorDied(this.where, exit, end.stderr)),
      );
    }
    if (!(this.#channel?.closed ?? true)) this.#channel?.ended();
    if (neverReady) this.#ready.reject(this.#startError ?? this.#whyNotStarted(end, exit));
    this.#exited.resolve(exit);
  }

  #whyNotStarted(end: BodyEnd, exit: Exit): StartFailed {
    const details = { exit, stderr: end.stderr };
    if (this.#loadError !== undefined) {
      const { phase, error } = this.#loadError;
      const { name, message } = error.remote;
      const why = `its ${phase === "setup" ? "setup failed" : "module failed to load"}: ${name}${message === "" ? "" : `: ${message}`}`;
      return new StartFailed(this.where, phase, why.replace(/\.$/, ""), { ...details, cause: error });
    }
    if (this.#late !== undefined) {
      const { phase, got, cause } = this.#late;
      if (cause !== undefined) return new StartFailed(this.where, phase, reasonOf(cause), { ...details, cause });
      const why = `it was not ready within ${this.#settings.startTimeout} ms: ${got}. Where it is only slow, give it a longer startTimeout`;
      return new StartFailed(this.where, phase, why, details);
    }
    const phase = this.#phase === "hello" ? "hello" : "load";
    if (this.#breach !== undefined) {
      const { at, why } = this.#breach;
      const hint =
        this.#id.pid === undefined
          ? ""
          : `. ${this.spawnMethod === "exec" ? "Its descriptor 3" : "Its first socket"} is brood's: does something in it write there?`;
      return new StartFailed(
        this.where,
        phase,
        `it broke the protocol: ${at === undefined ? "" : `${at}: `}${why}${hint}`,
        { ...details, cause: this.#breach },
      );
    }
    const when = phase === "hello" ? "before it said hello" : "while its module was loading";
    const it = this.#id.pid === undefined ? "it" : "its process";
    switch (exit.kind) {
      case "exited": {
        const hint =
          phase === "load"
            ? ""
            : this.#id.pid === undefined
              ? ": is it an actor that brood build has made?"
              : ": Node refused a flag, or a module of --import or --require ended it";
        return new StartFailed(this.where, phase, `${it} exited with code ${exit.code} ${when}${hint}`, details);
      }
      case "signalled":
        return new StartFailed(this.where, phase, `${it} was ended by ${exit.signal} ${when}`, details);
      case "failed": {
        const { error } = exit;
        const found = end.status.kind === "unborn" ? (end.status.phase ?? "spawn") : phase;
        return new StartFailed(this.where, found, reasonOf(error), { ...details, cause: error });
      }
      default:
        return new StartFailed(this.where, phase, `${it} is gone ${when}`, details);
    }
  }

  #notSpawned(error: unknown): StartFailed {
    const what = this.#settings.spawnMethod === "wasm" ? "it" : "its process";
    const why = error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
    return new StartFailed(this.where, "spawn", `${what} could not be started: ${why}`, { cause: error });
  }

  /** `startTimeout` is over: what it was waiting for. */
  #lateness(): Lateness {
    if (this.#phase !== "hello") return { phase: "load", got: "its module or its setup had not finished" };
    return this.#body?.doing?.() ?? { phase: "hello", got: "it never said hello" };
  }

  #disarmStart(): void {
    if (this.#startTimer !== undefined) clearTimeout(this.#startTimer);
    this.#startTimer = undefined;
    if (this.#onAbort !== undefined) this.#settings.signal?.removeEventListener("abort", this.#onAbort);
    this.#onAbort = undefined;
  }

  #steps(): Steps {
    return stepsWithin(this.#settings, this.#settings.endingWithin());
  }

  #advance(event: ActorEvent): void {
    const next = nextStatus(this.#status, event);
    if (next === undefined || next === this.#status) return;
    this.#status = next;
    this.#statusSince = performance.now();
  }

  #later(ms: number, then: () => void): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }
}

/** Why, without which actor: that stands before it. */
function reasonOf(error: Error): string {
  const why = "why" in error && typeof error.why === "string" ? error.why : error.message;
  return why.replace(/\.$/, "");
}

/** Compares without telling by its time how much was right. */
function sameToken(a: string, b: string): boolean {
  let differs = a.length ^ b.length;
  for (let i = 0; i < b.length; i++) differs |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return differs === 0;
}
