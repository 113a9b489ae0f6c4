// A pool: equal actors behind one queue. A call goes to an actor that is free, or waits its turn; first come, first served. What dies
// is replaced, and a call that died with it is told so and never sent again. Nobody waits for ever: the queue is bounded, starts
// that fail again and again are given up, and closing rejects whatever waits.
import { randomUUID } from "node:crypto";
import type { Bounds } from "../context/bounded.js";
import { callSite, type CallSite } from "../context/located.js";
import { noteRejection, observe, type ObservedPromise } from "../errors/observed-promise.js";
import { isBroodsDoing } from "../errors/silence.js";
import type { ActorSource, CallOptions, Loose, Portal, SourceKind } from "../context/surface.js";
import { Cancelled, DeadlineExceeded, InvalidOption, StartFailed, type Whereabouts } from "../errors/kinds.js";
import { PoolClosed, PoolFull } from "../errors/pool.js";
import type { AnyOptions } from "../nursery/options.js";
import { thisProcess } from "../nursery/runtime.js";
import { boundsWithin, narrowed } from "../portal/bounds.js";
import type { Control } from "../portal/control.js";
import { controlOf, SITES, type ActorPortal } from "../portal/portal.js";
import { assertOwn, forks } from "../protocol/forks.js";
import { PoolCall, type CallPool } from "./pool-call.js";
import { admits, givesUp, nextRetirement, pauseAfter, pick, retirable, startsNow, type Crowd } from "./pool-choice.js";
import type { MemberEvent } from "./pool-life.js";
import { PoolMember } from "./pool-member.js";
import { poolSettings, type PoolSettings } from "./pool-options.js";
import { PoolQueue } from "./pool-queue.js";
import { PoolScope, type ScopeOwner } from "./pool-scope.js";
import type { Pool, PoolCalls, PoolOptions, PoolStats } from "./pool-surface.js";
import { PoolFigures } from "./pool-figures.js";

/** An actor that dies within this time without having been done with one call counts as a start that failed; ms. */
const PROVEN_AFTER = 5_000;

/**
 * Makes a pool of actors, which are started as they are needed. Close it, hold it by `await using`, or hang it on a nursery.
 * @throws InvalidOption, Unsupported; NurseryClosed the nursery that it was to hang on has ended
 */
export function pool<E, S extends SourceKind>(
  what: ActorSource<E, S>,
  options: PoolOptions<NoInfer<S>> = {} as PoolOptions<NoInfer<S>>,
): Pool<E> {
  const settings = poolSettings(what, options as AnyOptions);
  return new ActorPool(what, settings) as unknown as Pool<E>;
}

/** Somebody who waits until the pool is ready. */
interface Reader {
  resolve(): void;
  reject(error: Error): void;
}

class ActorPool implements Pool<Loose>, CallPool, ScopeOwner {
  readonly #what: ActorSource<any>;
  readonly #settings: PoolSettings;
  readonly #scope: PoolScope;
  readonly #where: Whereabouts;
  readonly #forks = forks();
  readonly #members: PoolMember[] = [];
  readonly #queue = new PoolQueue<PoolCall>();
  readonly #figures = new PoolFigures();
  #readers: Reader[] = [];
  #started = 0;
  /** Members that take up one of `size` places: while all are taken nothing more need be asked for a call. */
  #placed = 0;
  #handed = 0;
  #failures = 0;
  #failedAt = 0;
  /** Why it takes no calls any more. */
  #cause: Error | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #idleTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(what: ActorSource<any>, settings: PoolSettings) {
    this.#what = what;
    this.#settings = settings;
    const { name } = settings;
    this.#scope = new PoolScope(name, settings.nursery);
    this.#scope.tell(this);
    this.#where = { actor: { name, uuid: randomUUID() }, path: `${thisProcess().path}/${name}` };
    this.#grow();
  }

  get name(): string {
    return this.#settings.name;
  }
  get status(): "open" | "ending" | "ended" {
    return this.#scope.status;
  }
  get signal(): AbortSignal {
    return this.#scope.signal;
  }
  get children(): readonly Portal<Loose>[] {
    return this.#scope.children;
  }
  get stats(): PoolStats {
    const { size, concurrency } = this.#settings;
    return this.#figures.of(this.#members, this.#queue.size, size, concurrency);
  }

  call(endpoint: string, ...args: any[]): Promise<any> {
    return this.ask(this.site(this.call), endpoint, args, {});
  }

  with(options: CallOptions): PoolCalls<Loose> {
    return new BoundCalls(this, narrowed("pool.with", {}, options));
  }

  ready(): Promise<void> {
    const ready = new Promise<void>((resolve, reject) => {
      this.#assertOwn();
      if (this.#cause !== undefined) throw this.#closed();
      this.#readers.push({ resolve, reject });
      this.#welcome();
      this.#grow();
    });
    return observe(ready, (error) => isBroodsDoing(error) || error instanceof PoolClosed);
  }

  cancel(reason?: unknown): Promise<void> {
    return this.#scope.cancel(reason);
  }
  close(): Promise<void> {
    return this.#scope.close();
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.#scope[Symbol.asyncDispose]();
  }

  // Calls.

  /** Where the user called, unless so many calls wait that capturing it would be most of their cost. */
  site(above: (...args: never[]) => unknown): CallSite | undefined {
    return this.#queue.size < SITES ? callSite(above) : undefined;
  }

  ask(site: CallSite | undefined, endpoint: string, args: any[], bound: CallOptions): ObservedPromise<any> {
    let bounds: Bounds | undefined;
    try {
      if (typeof endpoint !== "string" || endpoint === "")
        throw new InvalidOption("pool.call: endpoint", endpoint, "the name of an endpoint");
      this.#assertOwn();
      if (this.#cause !== undefined) throw this.#closed();
      bounds = boundsWithin(bound, this.#scope.remaining(), (reason) => this.#aborted(reason));
    } catch (error) {
      return this.#rejected(error);
    }
    const call = new PoolCall(this, endpoint, args, bounds, site);
    if (this.#queue.size === 0) {
      const member = this.#free();
      if (member !== undefined) {
        this.#figures.calls++;
        this.#hand(member, call);
        // It had one already: another actor would be free.
        if (member.open > 1) this.#grow();
        return call.promise;
      }
    }
    return this.#enqueue(call);
  }

  #enqueue(call: PoolCall): ObservedPromise<unknown> {
    const { maxQueue, concurrency } = this.#settings;
    const queued = this.#queue.size;
    this.#queue.push(call);
    this.#grow();
    if (admits(queued, maxQueue, this.#count("starting"), concurrency)) {
      this.#figures.calls++;
      call.wait();
    } else {
      this.#queue.remove(call);
      this.#figures.refused++;
      call.refuse(new PoolFull(this.#where, call.endpoint, maxQueue));
    }
    return call.promise;
  }

  #aborted(reason: unknown): Cancelled {
    return new Cancelled({ scope: "call", via: "signal", canceller: thisProcess().id, reason }, this.#where, true);
  }

  #closed(): PoolClosed {
    return new PoolClosed(this.#where, this.status === "ended" ? "closed" : "ending", this.#cause);
  }

  #rejected(error: unknown): ObservedPromise<never> {
    const promise = observe(
      Promise.reject(error),
      (why) => isBroodsDoing(why) || why instanceof PoolClosed,
    ) as ObservedPromise<never>;
    if (error instanceof PoolClosed) noteRejection(promise, error.cause);
    return promise;
  }

  /** One that can be handed a call now. */
  #free(): PoolMember | undefined {
    for (;;) {
      const member = pick(this.#members, this.#settings.concurrency);
      if (member === undefined || member.answers) return member;
      this.#lose(member);
    }
  }

  #hand(member: PoolMember, call: PoolCall): void {
    const now = performance.now();
    // Its clock will only tell so later: this process was busy meanwhile.
    if (call.isLate(now)) return call.miss();
    const bounds = call.handed(now);
    member.open++;
    call.member = member;
    try {
      const asking = (member.control as Control).asking();
      asking.check(call.endpoint, "call");
      asking.call(call.endpoint, call.args, bounds, call.site, call);
    } catch (error) {
      // Nothing was sent.
      call.member = undefined;
      member.open--;
      this.#figures.failed++;
      return call.refuse(error as Error);
    }
    member.used = ++this.#handed;
    this.#figures.waited(now - call.calledAt);
    if (++member.taken >= this.#settings.maxCallsPerActor) member.advance("last");
  }

  /** Hands it what waits, as much as it has room for. */
  #serve(member: PoolMember): void {
    const { concurrency } = this.#settings;
    while (this.#queue.size > 0 && member.status === "serving" && member.open < concurrency) {
      if (!member.answers) {
        this.#lose(member);
        break;
      }
      this.#hand(member, this.#queue.shift() as PoolCall);
    }
    if (member.open > 0) return;
    if (member.status === "spent") {
      this.#figures.replaced++;
      this.#retire(member, "drained", `it has served its ${this.#settings.maxCallsPerActor} calls`);
    } else if (member.status === "serving") {
      member.idleSince = performance.now();
      this.#watchIdle();
    }
  }

  // What calls tell.

  done(member: PoolMember, call: PoolCall, answered: boolean): void {
    member.open--;
    this.#figures.ran(performance.now() - call.handedAt);
    if (!answered) this.#figures.failed++;
    if (member.status !== "serving" && member.status !== "spent") return;
    // It was deaf, and is being killed.
    if (!member.answers) return this.#lose(member);
    member.proven = true;
    this.#failures = 0;
    this.#serve(member);
  }

  expired(call: PoolCall, deadline: number): void {
    this.#leave(call, new DeadlineExceeded(this.#where, call.endpoint, deadline, false));
  }

  aborted(call: PoolCall, reason: unknown): void {
    this.#leave(call, this.#aborted(reason));
  }

  #leave(call: PoolCall, error: Error): void {
    this.#queue.remove(call);
    this.#figures.failed++;
    call.refuse(error);
  }

  // Actors.

  /** Starts as many as are needed now. */
  #grow(): void {
    if (this.#cause !== undefined || this.#placed >= this.#settings.size) return;
    const starts = startsNow(this.#crowd());
    if (starts === 0) return;
    const wait = this.#failures === 0 ? 0 : this.#failedAt + pauseAfter(this.#failures) - performance.now();
    if (wait <= 0) {
      for (let count = 0; count < starts; count++) this.#start();
    } else {
      this.#retryTimer ??= setTimeout(() => {
        this.#retryTimer = undefined;
        this.#grow();
      }, wait);
    }
  }

  #crowd(): Crowd {
    const { size, minSize } = this.#settings;
    const crowd = { starting: 0, serving: 0, spent: 0, ending: 0, gone: 0, open: 0 };
    for (const { status, open } of this.#members) {
      crowd[status]++;
      if (status === "serving") crowd.open += open;
    }
    // Who waits until it is ready asks for one more where none would be started otherwise.
    const waiting = this.#queue.size + (this.#failures > 0 ? this.#readers.length : 0);
    return { ...crowd, size, minSize, waiting, failures: this.#failures };
  }

  #count(status: PoolMember["status"]): number {
    let count = 0;
    for (const member of this.#members) if (member.status === status) count++;
    return count;
  }

  #start(): void {
    const member = new PoolMember();
    this.#members.push(member);
    this.#placed++;
    const name = `${this.name}-${++this.#started}`;
    const starting = this.#scope.start(this.#what, { ...this.#settings.start, name }) as ObservedPromise<Portal<any>>;
    starting.unobserved().then(
      (portal) => this.#began(member, controlOf(portal as unknown as ActorPortal)),
      (error: Error) => this.#notBegun(member, error),
    );
  }

  #began(member: PoolMember, control: Control): void {
    if (this.#cause !== undefined) return this.#remove(member);
    member.control = control;
    member.readyAt = performance.now();
    member.advance("ready");
    this.#figures.began(member.readyAt - member.bornAt);
    if (control.status === "ended") return this.gone(control, true);
    this.#serve(member);
    this.#welcome();
  }

  #notBegun(member: PoolMember, error: Error): void {
    this.#remove(member);
    if (this.#cause !== undefined) return;
    this.#figures.failedStarts++;
    this.#countFailure(member.bornAt);
    const last = error instanceof StartFailed ? error : undefined;
    // What is no matter of luck fails for ever.
    if (last === undefined) return this.#tellAll(() => error);
    if (!givesUp(this.#crowd())) return this.#grow();
    const count = this.#failures;
    this.#tellAll(
      () =>
        new StartFailed(
          this.#where,
          last.phase,
          `the last ${count} actors that were started for it did not become ready. The last one: ${last.message}`,
          { cause: last, exit: last.exit },
        ),
    );
  }

  /** Those that were started side by side are one failure: the next is one of a start that began after it. */
  #countFailure(bornAt: number): void {
    if (this.#failures > 0 && bornAt < this.#failedAt) return;
    this.#failures++;
    this.#failedAt = performance.now();
  }

  /** Rejects everybody who waits. */
  #tellAll(error: () => Error): void {
    for (let call = this.#queue.shift(); call !== undefined; call = this.#queue.shift()) {
      this.#figures.failed++;
      call.refuse(error());
    }
    for (const reader of this.#readers.splice(0)) reader.reject(error());
  }

  /** Tells those who wait until the pool is ready, if it is. */
  #welcome(): void {
    if (this.#readers.length === 0 || this.#count("serving") < this.#settings.minSize) return;
    for (const reader of this.#readers.splice(0)) reader.resolve();
  }

  gone(control: Control, death: boolean): void {
    const member = this.#members.find((one) => one.control === control);
    if (member === undefined) return;
    const { status } = member;
    this.#remove(member);
    if (this.#cause !== undefined) return;
    if (status === "serving" || status === "spent") this.#figures.countDeath();
    if (death && !member.proven && member.open === 0 && performance.now() - member.readyAt < PROVEN_AFTER)
      this.#countFailure(member.bornAt);
    this.#grow();
  }

  /** It cannot be asked any more, and ends of itself. */
  #lose(member: PoolMember): void {
    this.#advance(member, "retired");
    this.#figures.countDeath();
    this.#grow();
  }

  #retire(member: PoolMember, event: "drained" | "retired", reason: string): void {
    this.#advance(member, event);
    void member.control?.cancel({ scope: "actor", via: "cancel", canceller: thisProcess().id, reason });
    this.#grow();
  }

  #advance(member: PoolMember, event: MemberEvent): void {
    const before = isPlaced(member);
    member.advance(event);
    if (before && !isPlaced(member)) this.#placed--;
  }

  #remove(member: PoolMember): void {
    this.#advance(member, "gone");
    const at = this.#members.indexOf(member);
    if (at >= 0) this.#members.splice(at, 1);
  }

  /** One clock for all: it is not set anew for every call, but looks again when it was wrong. */
  #watchIdle(): void {
    if (this.#idleTimer !== undefined || this.#cause !== undefined) return;
    const { idleTimeout, minSize } = this.#settings;
    if (idleTimeout === Infinity) return;
    const next = nextRetirement(this.#members, { idleTimeout, minSize });
    if (next === undefined) return;
    this.#idleTimer = setTimeout(
      () => {
        this.#idleTimer = undefined;
        for (const member of retirable(this.#members, { now: performance.now(), idleTimeout, minSize }))
          this.#retire(member, "retired", `it was idle for ${idleTimeout} ms`);
        this.#watchIdle();
      },
      Math.max(1, Math.ceil(next - performance.now())),
    ).unref();
  }

  // Ending.

  ending(cause: Error): void {
    this.#cause = cause;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#idleTimer);
    for (let call = this.#queue.shift(); call !== undefined; call = this.#queue.shift()) {
      this.#figures.failed++;
      call.interrupt(cause);
    }
    for (const reader of this.#readers.splice(0)) reader.reject(cause);
  }

  #assertOwn(): void {
    assertOwn(this.#forks, "a pool");
  }
}

const isPlaced = ({ status }: PoolMember): boolean => status !== "ending" && status !== "gone";

/** What `pool.with` returns. */
class BoundCalls implements PoolCalls<Loose> {
  readonly #pool: ActorPool;
  readonly #options: CallOptions;

  constructor(owner: ActorPool, options: CallOptions) {
    this.#pool = owner;
    this.#options = options;
  }

  call(endpoint: string, ...args: any[]): Promise<any> {
    return this.#pool.ask(this.#pool.site(this.call), endpoint, args, this.#options);
  }

  with(options: CallOptions): PoolCalls<Loose> {
    return new BoundCalls(this.#pool, narrowed("pool.with", this.#options, options));
  }
}
