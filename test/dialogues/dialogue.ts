// Both ends of a channel as they are in life, an Opener at one and a TaskLoop at the other, and beside them the model: it sees what users
// do and which messages are delivered, and knows from that how each promise must settle, and when. No processes, and no time but the
// test's own.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { context, defineActor, endpoint, type, type ContextTask, type Task } from "brood/actor";
import { TaskLoop, readyOf } from "#brood/actor/loop.js";
import type { OpenContext } from "#brood/context/open-context.js";
import { Opener } from "#brood/context/opener.js";
import { ActorDied, Cancelled, DeadlineExceeded, ProtocolError, type CancelOrigin } from "#brood/errors/kinds.js";
import { isRemote } from "#brood/errors/remote.js";
import { isBroodsDoing } from "#brood/errors/silence.js";
import { StreamClosed } from "#brood/errors/stream.js";
import {
  decodeCancel,
  decodeCancelAck,
  decodeCredit,
  decodeError,
  decodeStart,
  encodeCancel,
} from "#brood/protocol/bodies.js";
import { Channel } from "#brood/protocol/channel.js";
import { WINDOW_BYTES, WINDOW_MESSAGES } from "#brood/protocol/credit.js";
import { FrameType } from "#brood/protocol/frame.js";
import { decodeValue, encodePacked, encodePlain, type Encode } from "#brood/protocol/payload.js";
import type { Subscription } from "#brood/stream/surface.js";
import { VirtualClock } from "#brood/testing/virtual-clock.js";
import { Half, type Cause, type Op, type Outcome } from "./half.js";
import { Wire, type Message } from "./wire.js";

const CANCEL_TIMEOUT = 500;
/** What the loop gives a task of that. */
const PATIENCE = 0.8 * CANCEL_TIMEOUT;

const HOST = { name: "host", uuid: "00000000-0000-4000-8000-000000000001" };
const ACTOR = { name: "actor", uuid: "00000000-0000-4000-8000-000000000002" };
const WHERE = { actor: ACTOR, path: "/actor" };

export type Kind = "declared" | "implied" | "feed" | "wait" | "echo";

/** A task of the actor's: how it is moved, and what the model knows of it. */
export interface Peer {
  readonly id: number;
  readonly kind: Kind;
  /** Ends by itself when it is cancelled. */
  readonly heeds: boolean;
  readonly half: Half;
  readonly ops: Op[];
  task: Task | undefined;
  settle: { resolve(value: unknown): void; reject(error: unknown): void } | undefined;
  /** Of a generator: what it is to do, and how it is told. */
  readonly steps: Step[];
  next: (() => void) | undefined;
  finalized: boolean;
  // The model.
  started: boolean;
  over: boolean;
  cancelled: Cause | undefined;
  /** The host was told that its outcome is thrown away. */
  abandoned: boolean;
  /** A yield waits for credit. */
  yielding: Op | undefined;
}

export type Step =
  | { readonly do: "yield"; readonly id: number; readonly value: unknown; readonly bytes: number }
  | { readonly do: "return"; readonly value: unknown }
  | { readonly do: "throw"; readonly text: string };

/** What the host has asked for. */
export interface Asked {
  readonly id: number;
  readonly kind: Kind;
  readonly half: Half;
  readonly ops: Op[];
  readonly controller: AbortController;
  readonly subscriptions: {
    readonly from: Subscription<unknown>;
    readonly got: number[];
    readonly lags: boolean;
    closed: boolean;
  }[];
  readonly begun: Op;
  readonly results: Op[];
  readonly cancels: Op[];
  context: OpenContext | undefined;
  // The model.
  onWire: boolean;
  started: boolean;
  outcome: Outcome | undefined;
  asked: ((acknowledged: boolean) => Cause) | undefined;
  /** What its user's own cancel brought about. */
  absorbed: boolean;
  via: CancelOrigin["via"] | undefined;
  requested: boolean;
  acknowledged: boolean | undefined;
  ackTimer: unknown;
  deadline: unknown;
  /** What was read directly. */
  readonly read: number[];
}

const cause = (name: string, is: Cause["is"]): Cause => ({ name, is });
const closedBy = (by: "you" | "peer"): Cause =>
  cause(`StreamClosed by ${by}`, (error) => error instanceof StreamClosed && error.by === by);
const remote = (text: string): Cause =>
  cause(`the peer's RangeError: ${text}`, (error) => isRemote(error, "RangeError") && error.remote.message === text);

export class Dialogue {
  readonly clock = new VirtualClock();
  readonly encode: Encode;
  readonly opener: Opener;
  readonly loop: TaskLoop;
  readonly host: Channel;
  readonly actor: Channel;
  readonly out: Wire;
  readonly back: Wire;
  readonly asked: Asked[] = [];
  readonly peers = new Map<number, Peer>();
  /** Rejections that nobody handled. */
  readonly unhandled: unknown[] = [];
  readonly #uninstall: () => void;
  readonly #onUnhandled = (reason: unknown): void => void this.unhandled.push(reason);
  readonly #lost = new ActorDied(WHERE, { kind: "lost" });
  readonly #breaches: string[] = [];
  #next = 1;
  #values = 0;
  #deaf = 0;
  #undelivered = 0;
  #logged = 0;
  // The model.
  hostGone = false;
  actorGone = false;
  actorCancelled: Cause | undefined;
  #actorOrigin: CancelOrigin | undefined;
  #interrupted = false;
  #expectedDeaf = 0;
  #expectedUndelivered = 0;
  #expectedLogged = 0;
  /** Something was sent whose promise nobody awaits. */
  floating = false;
  /** Generators that go on once all that was delivered together has been heard. */
  readonly #resumed = new Set<Peer>();
  readonly #cancelsHeard = new Set<number>();
  readonly #wires = new Map<string, Flow>();

  constructor(guest: boolean) {
    this.encode = guest ? encodePlain : encodePacked;
    this.#uninstall = this.clock.install();
    process.on("unhandledRejection", this.#onUnhandled);
    this.out = new Wire(
      (message) => this.#said("host", message),
      (message) => this.#toActor(message),
    );
    this.back = new Wire(
      (message) => this.#said("actor", message),
      (message) => this.#toHost(message),
    );
    this.host = new Channel(this.out, {
      message: (type, flags, id, payload) => {
        if (id !== 0) this.opener.message(type, flags, id, payload);
      },
      closed: (breach) => {
        this.#closed("host", breach);
        this.opener.lost(this.#lost);
        this.#hostLost();
      },
    });
    this.actor = new Channel(this.back, {
      message: (type, flags, id, payload) => this.loop.message(type, flags, id, payload),
      closed: (breach) => {
        this.#closed("actor", breach);
        this.actorGone = true;
        this.loop.abandon();
      },
    });
    this.out.from = this.back.to = this.host;
    this.out.to = this.back.from = this.actor;
    const definition = this.#definition();
    this.opener = new Opener(
      this.host,
      {
        where: WHERE,
        self: HOST,
        cancelTimeout: () => CANCEL_TIMEOUT,
        deaf: () => this.#deaf++,
        cancelledByActor: () =>
          this.#actorOrigin === undefined ? undefined : new Cancelled(this.#actorOrigin, WHERE, true),
        late: () => this.#undelivered++,
        undelivered: () => this.#undelivered++,
        unheard: () => {},
      },
      guest ? { mapStack: (stack) => stack, memory: 1 << 30 } : undefined,
    );
    this.opener.offer(readyOf(definition).endpoints);
    this.loop = new TaskLoop(this.actor, {
      definition,
      ready: this.encode(readyOf(definition), "Ready"),
      encode: this.encode,
      actor: { id: ACTOR, parent: HOST, root: HOST, path: "/actor", spawnMethod: "exec", logLevel: "info" },
      cancelTimeout: CANCEL_TIMEOUT,
      ending() {},
      host: {
        now: this.clock.now,
        log: () => this.#logged++,
        leave: () => this.actor.close(),
        openNursery: () => Promise.reject(new Error("no nursery here")),
      },
    });
  }

  // What the host's user does.

  ask(kind: Kind, heeds: boolean, deadline: number | undefined): Asked {
    const id = this.#next;
    this.#next += 2;
    const controller = new AbortController();
    const bounds = { deadline, signal: controller.signal };
    const opens = kind === "declared" || kind === "implied" || kind === "feed";
    const args = kind === "echo" ? [`echo ${id}`] : [id, heeds];
    const promise: Promise<unknown> = opens
      ? this.opener.open(kind, args, bounds, undefined)
      : this.opener.call(kind, args, bounds, undefined);
    const asked: Asked = {
      id,
      kind,
      half: new Half(),
      ops: [],
      controller,
      subscriptions: [],
      begun: this.#watch(`${opens ? "open" : "call"} #${id}`, promise, (value) => (opens ? "opened" : value)),
      results: [],
      cancels: [],
      context: undefined,
      onWire: false,
      started: false,
      outcome: undefined,
      asked: undefined,
      absorbed: false,
      via: undefined,
      requested: false,
      acknowledged: undefined,
      ackTimer: undefined,
      deadline: undefined,
      read: [],
    };
    if (opens)
      void promise.then(
        (context) => (asked.context = context as OpenContext),
        () => {},
      );
    if (deadline !== undefined)
      asked.deadline = this.clock.setTimeout(() => {
        if (asked.asked !== undefined || asked.acknowledged !== undefined) return;
        const missed = cause(
          "DeadlineExceeded",
          (error) => error instanceof DeadlineExceeded && error.deadline === deadline,
        );
        if (asked.outcome === undefined) this.#settle(asked, { cause: missed }, "cut");
        this.#askFor(asked, "deadline", () => true);
      }, deadline);
    this.asked.push(asked);
    return asked;
  }

  /** Contexts that the host has opened, whatever became of them. */
  get contexts(): Asked[] {
    return this.asked.filter(({ context }) => context !== undefined);
  }

  abort(asked: Asked, reason: string): void {
    asked.controller.abort(reason);
    if (asked.asked === undefined && asked.acknowledged === undefined)
      this.#askFor(asked, "signal", (error) => error.reason === reason);
  }

  cancel(asked: Asked, reason: string): void {
    const op = this.#watch(`cancel #${asked.id}`, asked.context!.cancel(reason));
    this.#cancels(asked, op, reason);
  }

  /** A loop over what a generator yields is left. */
  leave(asked: Asked): void {
    const left = asked.context!.stream[Symbol.asyncIterator]().return!();
    const op = this.#watch(`leave #${asked.id}`, left, () => undefined);
    if (asked.kind === "feed" && !asked.half.ended) this.#cancels(asked, op, undefined, () => undefined);
    else op.expected = { value: undefined };
  }

  leaveScope(asked: Asked): void {
    const op = this.#watch(`leave the scope of #${asked.id}`, asked.context!.leaveScope());
    if (asked.outcome !== undefined) op.expected = { value: undefined };
    else if (asked.kind === "feed") this.#cancels(asked, op, undefined, () => undefined);
    else {
      op.expected = { value: undefined };
      asked.half.abandon(closedBy("you"));
    }
  }

  result(asked: Asked): void {
    asked.results.push(this.#watch(`result #${asked.id}`, asked.context!.result()));
  }

  /** @param end which end of the context sends */
  send(end: Asked | Peer, bytes: number, floats: boolean): void {
    const { id, value, length } = this.value(bytes);
    const stream = this.#streamOf(end);
    const sent = stream.send(value);
    if (floats) this.floating = true;
    const op = floats ? opOf(`floating send ${id}`) : this.#watch(`send ${id} on #${end.id}`, sent);
    if (!floats) end.ops.push(op);
    this.#use(end);
    end.half.send(op, id, length);
  }

  read(end: Asked | Peer): void {
    const read = this.#streamOf(end).next();
    this.#use(end);
    const op = this.#watch(`read on #${end.id}`, read, (result) => {
      const { done, value } = result as IteratorResult<unknown, undefined>;
      if (done !== true && "read" in end) end.read.push(idOf(value));
      return done === true ? "done" : idOf(value);
    });
    // With subscribers, who is given what is not foreseen; what nobody loses is looked at in the end.
    if (end.half.shared) return;
    end.ops.push(op);
    end.half.read(op);
  }

  end(end: Asked | Peer): void {
    const op = this.#watch(`end #${end.id}`, this.#streamOf(end).end());
    end.ops.push(op);
    this.#use(end);
    end.half.endSending(op, closedBy("you"));
  }

  subscribe(asked: Asked, lag: number | undefined): void {
    // Reads that wait go before: what they are given is foreseen no more.
    asked.half.shared = true;
    let from: Subscription<unknown>;
    try {
      from = asked.context!.stream.subscribe(lag === undefined ? {} : { lag });
    } catch (error) {
      assert.ok(error instanceof StreamClosed, String(error));
      return;
    }
    asked.subscriptions.push({ from, got: [], lags: lag !== undefined, closed: false });
  }

  readSubscription(asked: Asked, index: number): void {
    const one = asked.subscriptions[index % asked.subscriptions.length]!;
    void one.from.next().then(
      ({ done, value }) => done === true || one.got.push(idOf(value)),
      () => {},
    );
  }

  closeSubscription(asked: Asked, index: number): void {
    const one = asked.subscriptions[index % asked.subscriptions.length]!;
    one.from.close();
    one.closed = true;
  }

  /** The nursery has failed: all that waits is rejected, and the actor is cancelled. */
  interrupt(): void {
    this.#interrupted = true;
    const failure = new Error("a sibling has failed");
    this.opener.interrupt(failure);
    for (const asked of this.asked)
      if (asked.outcome === undefined && asked.acknowledged === undefined)
        this.#settle(asked, { cause: cause("the nursery's failure", (error) => error === failure) }, "cut");
    this.cancelActor("a sibling has failed");
  }

  cancelActor(reason: string): void {
    if (this.#actorOrigin !== undefined) return;
    this.#actorOrigin = { scope: "actor", via: "cancel", canceller: HOST, reason };
    const { payload, flags } = encodeCancel({ origin: this.#actorOrigin, within: CANCEL_TIMEOUT }, this.encode);
    this.host.send(FrameType.Cancel, flags, 0, payload);
  }

  // What the actor's code does.

  start(peer: Peer): void {
    const op = this.#watch(`started on #${peer.id}`, (peer.task as ContextTask<any>).started(`started ${peer.id}`));
    peer.ops.push(op);
    if (peer.started) op.expected = { cause: cause("ProtocolError", (error) => error instanceof ProtocolError) };
    else op.expected = { value: undefined };
    peer.started = true;
  }

  finish(peer: Peer, how: "return" | "throw"): void {
    const text = `${how} of ${peer.id}`;
    if (peer.kind === "feed") {
      this.step(peer, how === "return" ? { do: "return", value: text } : { do: "throw", text });
      return;
    }
    if (how === "return") peer.settle!.resolve(text);
    else peer.settle!.reject(new RangeError(text));
    this.#ends(peer, how);
  }

  step(peer: Peer, step: Step): void {
    peer.steps.push(step);
    const own = this.#stepped.get(peer) ?? { taken: 0, all: [] };
    own.all.push(step);
    this.#stepped.set(peer, own);
    peer.next?.();
    this.#feeds(peer);
  }

  /** Fresh, and as long as it is asked for on the wire, about. */
  value(bytes: number): { readonly id: number; readonly value: unknown; readonly length: number } {
    const id = ++this.#values;
    const value = bytes === 0 ? id : new Uint8Array(bytes);
    if (value instanceof Uint8Array) new DataView(value.buffer).setUint32(0, id);
    return { id, value, length: this.encode(value, "message").payload.length };
  }

  // What the world does.

  /** The channel breaks: the ends given see its end behind so many more bytes. */
  cut(host: boolean, actor: boolean, keep: number): void {
    if (host) this.back.cut(keep);
    if (actor) this.out.cut(keep);
  }

  /** All that is ready to run is over. */
  async turn(): Promise<void> {
    for (const peer of this.#resumed) this.#feeds(peer);
    this.#resumed.clear();
    await this.clock.advance(0);
  }

  async quiet(): Promise<void> {
    for (let moved = true; moved;) {
      moved = this.out.deliver(Infinity);
      moved = this.back.deliver(Infinity) || moved;
      await this.turn();
    }
  }

  /** Each promise is as the model says, now. */
  verify(): void {
    for (const asked of this.asked) {
      this.#check(asked.begun);
      for (const op of asked.results) {
        op.expected = asked.outcome;
        this.#check(op);
      }
      for (const op of [...asked.cancels, ...asked.ops]) this.#check(op);
      const { context } = asked;
      if (context === undefined) continue;
      const [value, error] = [
        asked.outcome !== undefined && "value" in asked.outcome,
        asked.outcome !== undefined && "cause" in asked.outcome,
      ];
      assert.equal(context.state === "returned", value, `#${asked.id} is ${context.state}`);
      assert.equal(
        context.state === "failed" || context.state === "cancelled",
        error,
        `#${asked.id} is ${context.state}`,
      );
      assert.equal(context.cancelRequested, asked.requested, `#${asked.id}: cancelRequested`);
      assert.equal(
        context.cancelAcknowledged,
        asked.requested && asked.acknowledged === true,
        `#${asked.id}: cancelAcknowledged`,
      );
      assert.equal(context.signal.aborted, error);
      assert.equal(context.absorbed, asked.absorbed, `#${asked.id}: absorbed`);
      this.#checkPace(asked);
    }
    if (!this.actorGone)
      for (const peer of this.peers.values()) {
        for (const op of peer.ops) this.#check(op);
        if (peer.task !== undefined) {
          assert.equal(peer.task.signal.aborted, peer.cancelled !== undefined, `the signal of #${peer.id}`);
          if (peer.cancelled !== undefined)
            assert.ok(
              peer.cancelled.is(peer.task.signal.reason),
              `the reason of #${peer.id}: ${String(peer.task.signal.reason)}`,
            );
          if (peer.kind === "feed" && peer.over) assert.ok(peer.finalized, `the finally of #${peer.id}`);
        }
      }
    assert.deepEqual(this.#breaches, []);
    assert.equal(this.#deaf, this.#expectedDeaf, "deaf peers");
    assert.equal(this.#undelivered, this.#expectedUndelivered, "failures told as undelivered");
    if (!this.actorGone) assert.equal(this.#logged, this.#expectedLogged, "failures told in the actor's log");
  }

  /** When nothing is under way any more, both ends count alike, and nobody waits to send to an end that has read all. */
  verifyCredit(): void {
    if (this.hostGone || this.actorGone) return;
    for (const asked of this.asked) {
      const peer = this.peers.get(asked.id);
      if (
        asked.context === undefined ||
        peer === undefined ||
        peer.over ||
        asked.outcome !== undefined ||
        peer.cancelled
      )
        continue;
      const [here, there] = [asked.context.stream.figures, (peer.task as unknown as OpenContext).stream.figures];
      if (!peer.half.ended) {
        assert.deepEqual(here.sent, there.received, `credit of #${asked.id}, to the actor`);
        assert.ok(there.unread > 0 || here.waiting === 0, `#${asked.id}: the actor has read all, and the host waits`);
      }
      if (!asked.half.ended) {
        assert.deepEqual(there.sent, here.received, `credit of #${asked.id}, to the host`);
        assert.ok(here.unread > 0 || there.waiting === 0, `#${asked.id}: the host has read all, and the actor waits`);
      }
    }
  }

  /** Brings all to its end, and looks at what is left. */
  async close(): Promise<void> {
    await this.quiet();
    this.verify();
    this.verifyCredit();
    for (const asked of this.asked) {
      if (asked.context !== undefined) this.cancel(asked, "the end");
      else if (asked.begun.actual === undefined) this.abort(asked, "the end");
    }
    await this.quiet();
    this.verify();
    await this.clock.advance(PATIENCE + 1);
    await this.quiet();
    this.verify();
    for (const peer of this.peers.values()) if (!peer.over) this.finish(peer, "return");
    await this.quiet();
    await this.clock.advance(10_000);
    await this.quiet();
    this.verify();
    const waits = this.asked
      .flatMap((one) => [one.begun, ...one.results, ...one.cancels, ...one.ops])
      .filter(({ actual }) => actual === undefined);
    assert.deepEqual(
      waits.map(({ what }) => what),
      [],
      "promises that never settle",
    );
    for (const one of this.asked) this.#checkShared(one);
    if (!this.actorGone)
      for (const id of this.#cancelsHeard)
        assert.ok(this.#flow("actor", id).has(FrameType.CancelAck), `the cancel of #${id} is not acknowledged`);
    assert.equal(this.opener.size, 0, "calls and contexts left at the opener");
    if (!this.actorGone) assert.equal(this.loop.size, 0, "tasks left at the loop");
    assert.equal(this.clock.pending, 0, "timers left");
    const listening = this.asked.filter(({ controller }) => getEventListeners(controller.signal, "abort").length > 0);
    assert.equal(listening.length, 0, "listeners left at signals of the host's");
    const silent = this.unhandled.filter((error) => isBroodsDoing(error) || !(error instanceof Error));
    assert.deepEqual(this.floating ? silent : this.unhandled, [], "unhandled rejections");
  }

  dispose(): void {
    this.#uninstall();
    process.off("unhandledRejection", this.#onUnhandled);
  }

  // The actor.

  #definition() {
    const run = async (task: Task, id: number, heeds: boolean): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const peer = this.peers.get(id)!;
        peer.task = task;
        peer.settle = { resolve, reject };
        if (heeds) task.signal.addEventListener("abort", () => reject(task.signal.reason as Error));
      });
    const dialogue = { receives: type<any>(), sends: type<any>() };
    const { peers } = this;
    async function* feed(task: Task, id: number, heeds: boolean): AsyncGenerator<unknown, unknown> {
      const peer = peers.get(id)!;
      peer.task = task;
      try {
        for (;;) {
          if (heeds && task.signal.aborted) throw task.signal.reason;
          const step = peer.steps.shift();
          if (step === undefined) {
            await new Promise<void>((resolve) => {
              peer.next = resolve;
              if (heeds) task.signal.addEventListener("abort", () => resolve(), { once: true });
            });
          } else if (step.do === "yield") {
            yield step.value;
          } else if (step.do === "return") {
            return step.value;
          } else {
            throw new RangeError(step.text);
          }
        }
      } finally {
        peer.finalized = true;
      }
    }
    return defineActor({
      declared: context({ started: type<string>(), ...dialogue }, run as never),
      implied: context(dialogue, run as never),
      wait: endpoint(run as never),
      feed: endpoint(feed as never),
      echo: (value: unknown) => value,
    }) as unknown as ConstructorParameters<typeof TaskLoop>[1]["definition"];
  }

  // The model.

  #streamOf(end: Asked | Peer): OpenContext["stream"] {
    return "context" in end ? end.context!.stream : (end.task as unknown as OpenContext).stream;
  }

  /** The first use of a stream says started, where the dialogue declares none. */
  #use(end: Asked | Peer): void {
    if (!("context" in end) && end.kind === "implied") end.started = true;
  }

  #askFor(asked: Asked, via: CancelOrigin["via"], is: (error: Cancelled) => boolean): void {
    const scope = isCall(asked) ? "call" : "context";
    asked.via = via;
    asked.asked = (yes) =>
      cause(
        `Cancelled via ${via}, ${yes ? "" : "not "}acknowledged`,
        (error) =>
          error instanceof Cancelled &&
          error.scope === scope &&
          error.via === via &&
          error.acknowledged === yes &&
          is(error),
      );
    if (!asked.onWire) return this.#concludes(asked, true);
    asked.ackTimer = this.clock.setTimeout(() => {
      this.#expectedDeaf++;
      this.#concludes(asked, false);
    }, CANCEL_TIMEOUT);
  }

  #cancels(asked: Asked, op: Op, reason: string | undefined, is: (yes: boolean) => unknown = (yes) => yes): void {
    if (asked.outcome !== undefined) {
      const acknowledged = asked.acknowledged === true && asked.asked !== undefined && asked.requested;
      op.expected = { value: is(acknowledged || !asked.requested) };
      asked.ops.push(op);
      return;
    }
    asked.requested = true;
    asked.cancels.push(Object.assign(op, { is }));
    if (asked.asked === undefined)
      this.#askFor(asked, "cancel", (error) => reason === undefined || error.reason === reason);
  }

  #concludes(asked: Asked, yes: boolean): void {
    if (asked.acknowledged !== undefined) return;
    asked.acknowledged = yes;
    this.clock.clearTimeout(asked.ackTimer);
    if (asked.outcome === undefined) {
      asked.absorbed = asked.via === "cancel";
      this.#settle(asked, { cause: asked.asked!(yes) }, "cut");
    }
    for (const op of asked.cancels) op.expected ??= { value: (op as unknown as { is(yes: boolean): unknown }).is(yes) };
  }

  /** Nothing more is awaited of the peer. */
  #answered(asked: Asked): void {
    this.clock.clearTimeout(asked.deadline);
    this.#concludes(asked, true);
  }

  #settle(asked: Asked, outcome: Outcome, stream: "finish" | "cut"): void {
    asked.outcome = outcome;
    if (isCall(asked) || !asked.started) asked.begun.expected = outcome;
    if ("value" in outcome) asked.half.finish(undefined, closedBy("peer"));
    else if (stream === "cut") asked.half.cut(outcome.cause);
    else asked.half.finish(outcome.cause, outcome.cause);
  }

  #hostLost(): void {
    this.hostGone = true;
    const lost = cause("the actor is lost", (error) => error === this.#lost);
    for (const asked of this.asked) {
      if (asked.acknowledged !== undefined) continue;
      if (asked.outcome === undefined) this.#settle(asked, { cause: lost }, "finish");
      this.#answered(asked);
    }
  }

  #toHost({ type, flags, context: id, payload }: Message): void {
    const asked = this.asked[(id - 1) / 2];
    if (id === 0 || asked === undefined) return;
    const flow = this.#flow("actor", id);
    if (type === FrameType.Credit) {
      const credit = decodeCredit(payload);
      this.#flow("host", id).credited(credit);
    } else if (type === FrameType.Yield) flow.delivered++;
    if (asked.acknowledged !== undefined) return;
    const live = asked.outcome === undefined;
    switch (type) {
      case FrameType.Started:
        if (!live) return;
        asked.started = true;
        asked.begun.expected = { value: "opened" };
        return;
      case FrameType.Yield:
        if (live) asked.half.arrives(idOf(decodeValue(payload, flags)));
        return;
      case FrameType.Credit: {
        const { messages, bytes } = decodeCredit(payload);
        if (live) asked.half.granted(messages, bytes);
        return;
      }
      case FrameType.Stop:
        if (live) asked.half.finish(undefined);
        return;
      case FrameType.Return: {
        const value = decodeValue(payload, flags);
        // A call that is being cancelled has no use for a late value; a context has.
        if (live && !(isCall(asked) && asked.asked !== undefined)) this.#settle(asked, { value }, "finish");
        return this.#answered(asked);
      }
      case FrameType.Error: {
        const { kind, error } = decodeError(payload, flags);
        if (kind === "cancelled") {
          if (live && asked.asked === undefined) {
            const reason = this.#actorOrigin?.reason;
            const own = cause(
              "Cancelled with its actor",
              (e) => e instanceof Cancelled && e.scope === "actor" && e.reason === reason,
            );
            this.#settle(asked, { cause: own }, "finish");
          }
        } else if (live) {
          const breach = cause("ProtocolError", (e) => e instanceof ProtocolError);
          this.#settle(asked, { cause: kind === "protocol" ? breach : remote(error.message) }, "finish");
        } else {
          this.#expectedUndelivered++;
        }
        return this.#answered(asked);
      }
      case FrameType.CancelAck:
        decodeCancelAck(payload, flags);
        return this.#concludes(asked, true);
      default:
        assert.fail(`a frame of type ${type} at the host`);
    }
  }

  #toActor({ type, flags, context: id, payload }: Message): void {
    if (type === FrameType.Start) return this.#begins(id, decodeStart(payload, flags));
    if (type === FrameType.Cancel) {
      const { origin } = decodeCancel(payload, flags);
      const is = cause(
        `Cancelled: ${String(origin.reason)}`,
        (error) => error instanceof Cancelled && error.scope === origin.scope && error.reason === origin.reason,
      );
      if (id !== 0) return this.#hears(id, is);
      this.actorCancelled = is;
      for (const peer of [...this.peers.values()].reverse()) this.#obeys(peer, is);
      return;
    }
    if (type === FrameType.Credit) this.#flow("actor", id).credited(decodeCredit(payload));
    if (type === FrameType.Yield) this.#flow("host", id).delivered++;
    const peer = this.peers.get(id);
    if (peer === undefined || peer.over) return;
    switch (type) {
      case FrameType.Yield:
        return peer.half.arrives(idOf(decodeValue(payload, flags)));
      case FrameType.Credit: {
        const { messages, bytes } = decodeCredit(payload);
        peer.half.granted(messages, bytes);
        this.#resumed.add(peer);
        return;
      }
      case FrameType.Stop:
        return peer.half.finish(undefined);
      default:
        assert.fail(`a frame of type ${type} at the actor`);
    }
  }

  #begins(id: number, { endpoint: kind, args }: ReturnType<typeof decodeStart>): void {
    if (this.actorCancelled !== undefined || kind === "echo") return;
    const peer: Peer = {
      id,
      kind: kind as Kind,
      heeds: args[1] as boolean,
      half: new Half(),
      ops: [],
      task: undefined,
      settle: undefined,
      steps: [],
      next: undefined,
      finalized: false,
      started: kind === "feed",
      over: false,
      cancelled: undefined,
      abandoned: false,
      yielding: undefined,
    };
    this.peers.set(id, peer);
  }

  #hears(id: number, is: Cause): void {
    this.#cancelsHeard.add(id);
    const peer = this.peers.get(id);
    if (peer === undefined || peer.over) return;
    this.#obeys(peer, is);
    if (!peer.over)
      this.clock.setTimeout(() => {
        if (!peer.over) peer.abandoned = true;
      }, PATIENCE);
  }

  #obeys(peer: Peer, is: Cause): void {
    if (peer.over || peer.cancelled !== undefined) return;
    peer.cancelled = is;
    peer.half.cut(is);
    if (peer.kind === "feed") this.#resumed.add(peer);
    else if (peer.heeds) this.#ends(peer, "obey");
  }

  #feeds(peer: Peer): void {
    while (!peer.over) {
      if (peer.yielding !== undefined && peer.yielding.expected === undefined) return;
      // A yield whose sending is refused is the last.
      if (peer.yielding?.expected !== undefined && "cause" in peer.yielding.expected) return this.#ends(peer, "obey");
      peer.yielding = undefined;
      if (peer.heeds && peer.cancelled !== undefined) return this.#ends(peer, "obey");
      const step = this.#nextStep(peer);
      if (step === undefined) return;
      if (step.do !== "yield") return this.#ends(peer, step.do === "return" ? "return" : "throw");
      peer.yielding = opOf(`yield ${step.id}`);
      peer.half.send(peer.yielding, step.id, step.bytes);
    }
  }

  readonly #stepped = new Map<Peer, { taken: number; all: Step[] }>();

  /** The generator takes its steps off the list when it comes to them; the model has a list of its own. */
  #nextStep(peer: Peer): Step | undefined {
    const own = this.#stepped.get(peer);
    return own?.all[own.taken] === undefined ? undefined : own.all[own.taken++];
  }

  #ends(peer: Peer, how: "return" | "throw" | "obey"): void {
    peer.over = true;
    // A context that has not declared what it starts with has started when it returns, one that has must have.
    const breach = how === "return" && peer.kind === "declared" && !peer.started;
    if (peer.abandoned && (how === "throw" || breach)) this.#expectedLogged++;
    peer.half.cut(closedBy("you"));
  }

  #closed(end: "host" | "actor", breach: Error | undefined): void {
    if (breach !== undefined && !/the stream ended within a frame/.test(breach.message))
      this.#breaches.push(`${end}: ${breach.message}`);
  }

  // What stands on the wire.

  #said(end: "host" | "actor", message: Message): void {
    const { type, flags, context: id, payload } = message;
    if (id === 0) return;
    const flow = this.#flow(end, id);
    const asked = this.asked[(id - 1) / 2];
    flow.says(end, type, asked !== undefined && isCall(asked));
    if (type === FrameType.Return) {
      const value = asked?.kind === "echo" ? `echo ${id}` : `return of ${id}`;
      assert.equal(decodeValue(payload, flags), value);
    } else if (type === FrameType.Error) {
      const { kind, error } = decodeError(payload, flags);
      if (kind === "thrown") assert.equal(error.message, `throw of ${id}`);
    }
    if (type === FrameType.Start) asked!.onWire = true;
    const half = end === "host" ? asked?.half : this.peers.get(id)?.half;
    if (type === FrameType.Yield) {
      assert.equal(
        idOf(decodeValue(payload, flags)),
        half?.sent[flow.sent++],
        `a message of #${id} on the wire, from the ${end}`,
      );
      flow.charge(payload.length);
    } else if (type === FrameType.Stop) {
      assert.equal(half?.sent[flow.sent++], "end", `the end of #${id} on the wire, from the ${end}`);
    }
  }

  #flow(end: "host" | "actor", id: number): Flow {
    const key = `${end} ${id}`;
    const flow = this.#wires.get(key) ?? new Flow(key);
    this.#wires.set(key, flow);
    return flow;
  }

  // Checks.

  #check({ what, expected, actual }: Op): void {
    if (expected === undefined) {
      assert.ok(actual === undefined, `${what} must wait, and settled with ${describe(actual)}`);
      return;
    }
    const wants = "value" in expected ? `the value ${String(expected.value)}` : expected.cause.name;
    assert.ok(actual !== undefined, `${what} must settle with ${wants}, and waits`);
    const holds =
      "value" in expected
        ? "value" in actual && Object.is(actual.value, expected.value)
        : "error" in actual && expected.cause.is(actual.error);
    assert.ok(holds, `${what} must settle with ${wants}, and settled with ${describe(actual)}`);
  }

  /** No subscriber is more than a message ahead of one that misses none. */
  #checkPace({ id, half, subscriptions, read }: Asked): void {
    if (subscriptions.length < 2) return;
    const order = half.arrived.filter((value) => !read.includes(value));
    const places = subscriptions.map(({ got }) => (got.length === 0 ? undefined : order.indexOf(got.at(-1)!)));
    for (const [index, { lags, closed }] of subscriptions.entries()) {
      const slow = places[index];
      if (lags || closed || slow === undefined) continue;
      for (const quick of places)
        assert.ok((quick ?? 0) <= slow + 1, `#${id}: a subscriber is ahead of one that misses none`);
    }
  }

  /** What several readers were given together: each in order, nothing twice, and nothing lost between them. */
  #checkShared({ id, half, subscriptions, read }: Asked): void {
    if (!half.shared) return;
    const order = new Map(half.arrived.map((value, index) => [value, index]));
    const rising = (got: readonly number[], who: string): void => {
      for (const [index, value] of got.entries())
        assert.ok(
          index === 0 || order.get(value)! > order.get(got[index - 1]!)!,
          `${who} of #${id} reads out of order: ${got.join()}`,
        );
    };
    rising(read, "the reader");
    for (const { got } of subscriptions) {
      rising(got, "a subscriber");
      assert.deepEqual(
        got.filter((value) => read.includes(value)),
        [],
        `#${id}: what a reader has taken is no subscriber's`,
      );
    }
    for (const { got, lags } of subscriptions) {
      if (lags || got.length === 0) continue;
      // From its first to its last it has all that others were given.
      const [from, to] = [order.get(got[0]!)!, order.get(got.at(-1)!)!];
      const missing = half.arrived.slice(from, to).filter((value) => !got.includes(value) && !read.includes(value));
      assert.deepEqual(missing, [], `a subscriber of #${id} has missed messages`);
    }
    if (subscriptions.some(({ lags }) => lags)) return;
    // One that leaves drops what it alone had not read yet, which is one message.
    const all = new Set([...read, ...subscriptions.flatMap(({ got }) => got)]);
    const last = Math.max(-1, ...[...all].map((value) => order.get(value)!));
    const lost = half.arrived.slice(0, Math.max(0, last)).filter((value) => !all.has(value));
    assert.ok(
      lost.length <= subscriptions.filter(({ closed }) => closed).length,
      `#${id}: nobody was given ${lost.join()}`,
    );
  }

  #watch(what: string, promise: Promise<unknown>, map: (value: unknown) => unknown = (value) => value): Op {
    const op = opOf(what);
    promise.then(
      (value) => (op.actual = { value: map(value) }),
      (error: unknown) => (op.actual = { error }),
    );
    return op;
  }

  /** Whether a channel is there to be used. */
  get lives(): boolean {
    return !this.hostGone && !this.actorGone && !this.host.closed && !this.actor.closed;
  }
  get interrupted(): boolean {
    return this.#interrupted;
  }
}

/** What one end says in one context. */
class Flow {
  /** Of what the model says must be sent. */
  sent = 0;
  delivered = 0;
  #messages = 0;
  #bytes = 0;
  #ended = false;
  #said = new Set<FrameType>();

  constructor(readonly who: string) {}

  says(end: "host" | "actor", type: FrameType, call: boolean): void {
    const once: readonly FrameType[] = [
      FrameType.Start,
      FrameType.Started,
      FrameType.Stop,
      FrameType.Cancel,
      FrameType.CancelAck,
    ];
    if (once.includes(type)) assert.ok(!this.#said.has(type), `${this.who} says ${type} twice`);
    if (end === "actor") {
      const streams =
        type === FrameType.Yield || type === FrameType.Stop || type === FrameType.Credit || type === FrameType.Return;
      if (streams && !call) assert.ok(this.#said.has(FrameType.Started), `${this.who} says ${type} before started`);
      assert.ok(!this.#ended || type === FrameType.CancelAck, `${this.who} says ${type} after its answer`);
      if (type === FrameType.Return || type === FrameType.Error) this.#ended = true;
    }
    if (type === FrameType.Yield) assert.ok(!this.#said.has(FrameType.Stop), `${this.who} sends behind its end`);
    this.#said.add(type);
  }

  has(type: FrameType): boolean {
    return this.#said.has(type);
  }

  charge(bytes: number): void {
    const [messages, before] = [this.#messages, this.#bytes];
    this.#messages++;
    this.#bytes += bytes;
    const fits = this.#messages <= WINDOW_MESSAGES && this.#bytes <= WINDOW_BYTES;
    assert.ok(
      fits || messages === 0 || (messages < WINDOW_MESSAGES / 4 && before < WINDOW_BYTES / 4),
      `${this.who} is over its window`,
    );
  }

  credited({ messages, bytes }: { readonly messages: number; readonly bytes: number }): void {
    this.#messages -= messages;
    this.#bytes -= bytes;
    assert.ok(this.#messages >= 0 && this.#bytes >= 0, `${this.who} was given more credit than it had used`);
  }
}

const isCall = ({ kind }: Pick<Asked, "kind">): boolean => kind === "wait" || kind === "echo";

const opOf = (what: string): Op => ({ what, expected: undefined, actual: undefined });

function idOf(value: unknown): number {
  if (typeof value === "number") return value;
  const bytes = value as Uint8Array;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

function describe(actual: Op["actual"]): string {
  if (actual === undefined) return "nothing";
  return "value" in actual ? `the value ${String(actual.value)}` : String(actual.error);
}
