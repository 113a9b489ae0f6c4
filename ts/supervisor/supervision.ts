// What a supervisor does: starts its children in order, restarts those that fail as its strategy says, and stops them in reverse. It
// gives up when restarts come too fast, and keeps every failure. Whatever ends it, it ends once, and nothing of it is left then.
import { channel } from "node:diagnostics_channel";
import { deferred, noteRead } from "../errors/observed-promise.js";
import { watchReason } from "../context/watched-signal.js";
import type { ActorStatus } from "../context/surface.js";
import type { Exit } from "../errors/exit.js";
import { ActorDied, Cancelled, InvalidOption, StartFailed, type CancelOrigin } from "../errors/kinds.js";
import { didYouMean, listNames } from "../errors/near.js";
import { ChildStartFailed, Restarted, SupervisorClosed, SupervisorFailed } from "../errors/supervision.js";
import type { ActorNursery } from "../nursery/nursery.js";
import { thisProcess } from "../nursery/runtime.js";
import type { Control } from "../portal/control.js";
import { nextStatus, type ActorEvent } from "../portal/lifecycle.js";
import { MOST_LISTED, type ScopeDump } from "../protocol/tree.js";
import { nextAttempt, waitBefore } from "./backoff.js";
import { Child } from "./child.js";
import { CLOCK, type Clock } from "./clock.js";
import { comesBack, isNormal, shutsDown } from "./exits.js";
import { ActorIncarnation, type Ending, type Incarnation, type Keeper } from "./incarnation.js";
import { NO_RESTARTS, oneMore, restartsSince, type Window } from "./intensity.js";
import type { ChildPlan, SupervisionPlan } from "./options.js";
import { keep, type Kept } from "./record.js";
import { Repair } from "./repair.js";
import { concernedBy, startOrder, stopOrder } from "./strategy.js";

/** Published for every restart, when it is decided: `{ actor, path, supervisor, child, exit, attempt }`. */
const restarts = channel("brood:restart");

/** What a supervisor hangs on. */
export interface Holder {
  /** Makes its actors. */
  readonly nursery: ActorNursery;
  /** Makes a child that is a supervisor. */
  nested(plan: Extract<ChildPlan, { kind: "supervisor" }>, keeper: Keeper): Incarnation;
  /** It was up, it is over, and nothing is left of it. `error` where it gave up. */
  ended(exit: Exit, error: SupervisorFailed | undefined): void;
  /** A failure that has no caller left to hear it. `ending`: the supervisor was. */
  late(control: Control, error: Error, ending: boolean): void;
}

export class Supervision {
  readonly plan: SupervisionPlan;
  readonly #holder: Holder;
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  /** In start order. */
  #children: Child[];
  #status: ActorStatus = "starting";
  #statusSince = performance.now();
  /** Restarts under way: each child's own with `one_for_one`, else one. */
  readonly #repairs = new Map<string, Repair<Child>>();
  /** What ended while the first start went on, which goes first. */
  readonly #early: (() => void)[] = [];
  #window: Window = NO_RESTARTS;
  #restarts = 0;
  #record: readonly Kept[] = [];
  #ending: Promise<void> | undefined;
  /** Why it ends, where it was cancelled or gave up. */
  #cause: Error | undefined;
  #failure: SupervisorFailed | undefined;
  readonly #gone = deferred<void>();
  /** Another has taken its place. */
  #replaced: Restarted | undefined;

  constructor(plan: SupervisionPlan, holder: Holder, clock: Clock = CLOCK) {
    this.plan = plan;
    this.#clock = clock;
    this.#holder = holder;
    this.#children = plan.children.map((child) => new Child(child));
    const { signal } = this.#controller;
    watchReason(signal, () => noteRead(this.#cause));
  }

  get status(): ActorStatus {
    return this.#status;
  }
  get signal(): AbortSignal {
    return this.#controller.signal;
  }
  /** Resolves when nothing of it is left. */
  get over(): Promise<void> {
    return this.#gone.promise;
  }
  /** What it gave up with. */
  get failure(): SupervisorFailed | undefined {
    return this.#failure;
  }
  get children(): readonly Child[] {
    return this.#children;
  }

  /** Starts the children, each when the one before is up. @throws ChildStartFailed, or why it was ended meanwhile; all are gone then */
  async start(): Promise<void> {
    for (const child of this.#children) {
      if (this.#status !== "starting") break;
      try {
        await this.#begin(child);
      } catch (error) {
        if (this.#status !== "starting") break;
        const failed = new ChildStartFailed(this.plan.name, child.id, error);
        await this.#over(this.#origin(failed), () => ({ kind: "failed", error: failed }));
        throw failed;
      }
    }
    if (this.#status !== "starting") {
      await this.over;
      throw this.#cause ?? this.closed();
    }
    this.#advance("ready");
    for (const fell of this.#early.splice(0)) fell();
  }

  /** Stops every child in reverse; resolves when nothing is left. Idempotent. */
  end(origin: CancelOrigin): Promise<void> {
    if (this.#ending === undefined && origin.via !== "scope") this.#abort(new Cancelled(origin));
    return this.#over(origin, () => ({ kind: "cancelled", by: origin.canceller, reason: origin.reason }));
  }

  /** Rejects what waits for it or its children, now. */
  interrupt(error: Error): void {
    const closing = error instanceof Cancelled && error.via === "scope";
    if (this.#ending === undefined && !closing) this.#abort(error);
    for (const child of this.#children) {
      child.tellNever(error);
      if (child.isUp) child.newest?.interrupt(error);
    }
  }

  /** Kills everything in it, now. */
  killAll(): void {
    void this.end(this.#origin(undefined));
    for (const child of this.#children) if (child.isUp) child.newest?.kill();
  }

  /** What there is to see of it and its children. */
  async describe(within: number): Promise<ScopeDump> {
    const { name, strategy, intensity, period } = this.plan;
    const now = this.#clock.now();
    const listed = this.#children.slice(0, MOST_LISTED);
    const children = listed.map((child) => child.describe());
    const up = listed.flatMap(({ newest }, index) => (children[index]?.up && newest !== undefined ? [newest] : []));
    const found = await Promise.all(up.map((one) => one.describe(within)));
    return {
      kind: "supervisor",
      name,
      status: this.#status,
      for: performance.now() - this.#statusSince,
      supervision: {
        strategy,
        restarts: this.#restarts,
        recent: restartsSince(this.#window, now - period),
        intensity,
        period,
        children,
      },
      actors: found.filter((one) => "path" in one),
      scopes: found.filter((one) => "kind" in one),
      more: this.#children.length - listed.length,
    };
  }

  /** Another takes its place, and neither it nor its children are reached any more; undefined: no other does. */
  replace(error: Restarted | undefined): void {
    this.#replaced = error;
    for (const child of this.#children) this.#replace(child, error !== undefined);
  }

  /** @throws InvalidOption */
  find(what: string, id: unknown): Child {
    const found = this.#children.find((child) => child.id === id);
    if (found !== undefined) return found;
    const ids = this.#children.map((child) => child.id);
    const near = typeof id === "string" ? didYouMean(ids, id) : "";
    throw new InvalidOption(
      `${what}: id`,
      id,
      ids.length === 0
        ? "the id of a child, and this supervisor has none"
        : `the id of a child: ${listNames(ids, typeof id === "string" ? id : undefined)}.${near}`.replace(/\.$/, ""),
    );
  }

  /** Whether it is on its way up. */
  comes(child: Child): boolean {
    return this.#repairOf(child) !== undefined || child.status === "starting";
  }

  /** Why nothing can be asked of a child that does not come. */
  whyNot(child: Child): Error {
    return (child.current ?? child.newest)?.whyNot() ?? this.closed();
  }

  // What users ask for.

  /** @throws SupervisorClosed */
  mustRun(): void {
    if (this.#status !== "running") throw this.closed();
  }

  /** Adds a child behind the others. @throws ChildStartFailed, and forgets it */
  async add(what: string, plan: ChildPlan): Promise<Child> {
    await this.#quiet();
    if (this.#children.some(({ id }) => id === plan.id))
      throw new InvalidOption(`${what}: id`, plan.id, "an id that no other child of the supervisor has");
    const child = new Child(plan);
    this.#children.push(child);
    try {
      await this.#startAsked(child);
    } catch (error) {
      this.#forget(child, error as Error);
      throw error;
    }
    return child;
  }

  /** Starts a child that is stopped. @throws ChildStartFailed, and it is stopped again */
  async again(what: string, id: string): Promise<Child> {
    this.find(what, id);
    await this.#quiet();
    const child = this.find(what, id);
    if (child.status !== "stopped")
      throw new InvalidOption(`${what}: id`, id, `the id of a child that is stopped; this one is ${child.status}`);
    child.attempt = 0;
    await this.#startAsked(child);
    return child;
  }

  async terminate(child: Child): Promise<void> {
    this.#repairOf(child)?.leave(child);
    this.#replace(child, false);
    await child.stop(this.#origin(undefined));
    if (this.#repairOf(child) !== undefined) return;
    if (child.restart === "temporary") this.#forget(child, this.whyNot(child));
    else child.tellNever(this.whyNot(child));
  }

  /** @throws InvalidOption */
  delete(what: string, id: string): void {
    const child = this.find(what, id);
    if (child.status !== "stopped")
      throw new InvalidOption(
        `${what}: id`,
        id,
        `the id of a child that is stopped; this one is ${child.status}: terminateChild(${JSON.stringify(id)}) stops it`,
      );
    this.#forget(child, this.whyNot(child));
  }

  /** A start that somebody waits for. Where a restart of others takes it in, it is that which brings it up. */
  async #startAsked(child: Child): Promise<void> {
    try {
      await this.#begin(child);
    } catch (error) {
      if (this.#status !== "running") throw this.closed();
      if (this.#repairOf(child) !== undefined) return this.up(child);
      throw new ChildStartFailed(this.plan.name, child.id, error);
    }
  }

  /** Resolves when the child is up; rejects when it does not come. */
  up(child: Child): Promise<void> {
    return new Promise((resolve, reject) => {
      child.waiters.add({ up: () => resolve(), never: reject });
    });
  }

  /** Resolves when no restart goes on that a further child would be part of. @throws SupervisorClosed */
  async #quiet(): Promise<void> {
    this.mustRun();
    if (this.plan.strategy === "one_for_one") return;
    for (let repair = this.#repairs.get(""); repair !== undefined; repair = this.#repairs.get("")) await repair.over;
    this.mustRun();
  }

  // One child.

  /** Resolves when it is up, which `isUp` hears of at once; rejects when it will not be, and is gone. */
  async #begin(child: Child, isUp = (): void => {}): Promise<void> {
    const { plan } = child;
    const keeper: Keeper = {
      ended: (ending) => this.#childGone(child, ending),
      late: (control, error) => this.#holder.late(control, error, this.#status === "ending"),
    };
    const incarnation =
      plan.kind === "actor"
        ? new ActorIncarnation(this.#holder.nursery, plan, keeper)
        : this.#holder.nested(plan, keeper);
    child.newest = incarnation;
    child.ending = undefined;
    child.advance("start");
    try {
      await incarnation.begin();
    } catch (error) {
      child.advance("gone");
      throw error;
    }
    // It was asked to end meanwhile.
    if (child.status === "stopping") throw incarnation.whyNot();
    child.current = incarnation;
    child.advance("ready");
    child.upSince = this.#clock.now();
    isUp();
    if (child.ending === undefined) child.tellUp();
    // It came up and ended in one turn.
    else this.#fell(child, child.ending);
  }

  #childGone(child: Child, ending: Ending): void {
    const { status } = child;
    child.ending = ending;
    child.advance("gone");
    if (status === "running") this.#fell(child, ending);
    // Who is asked to end and fails of itself has failed.
    else if (status === "stopping" && ending.error !== undefined)
      this.#note(child, ending.exit, ending.error, false, this.#clock.now());
  }

  /** A child that was up has ended by itself. */
  #fell(child: Child, { exit, error }: Ending): void {
    if (this.#status === "starting") return void this.#early.push(() => this.#fell(child, { exit, error }));
    const newest = child.newest as Incarnation;
    const failed = error ?? (newest.where === undefined ? newest.whyNot() : new ActorDied(newest.where, exit));
    const now = this.#clock.now();
    const up = child.upSince;
    child.upSince = undefined;
    // It was about to be stopped.
    if (this.#status !== "running" || this.#repairOf(child) !== undefined) {
      if (!isNormal(exit)) this.#note(child, exit, failed, false, now);
      return;
    }
    if (comesBack(child.restart, exit)) return this.#restart(child, exit, failed, up, now);
    if (!isNormal(exit)) this.#note(child, exit, failed, false, now);
    const why = this.whyNot(child);
    if (child.restart === "temporary") this.#forget(child, why);
    else child.tellNever(why);
    if (!child.plan.significant) return;
    const others = this.#children.filter((other) => other !== child && other.plan.significant);
    const there = others.map((other) => other.isUp || this.comes(other));
    if (shutsDown(this.plan.autoShutdown, there)) {
      void this.#over(this.#origin(undefined), () => ({ kind: "exited", code: 0 }));
    }
  }

  /** It failed, and comes back: with it, whom its strategy says. */
  #restart(child: Child, exit: Exit, error: Error, up: number | undefined, now: number): void {
    const { strategy, intensity, period, backoff, name } = this.plan;
    this.#note(child, exit, error, true, now);
    const { window, tooMany } = oneMore(this.#window, now, { intensity, period });
    this.#window = window;
    if (tooMany) return this.#giveUp(error);
    this.#restarts++;
    child.attempt = nextAttempt(child.attempt, up, now, period);
    const { actor, path } = child.newest?.where ?? {};
    restarts.publish({ actor, path, supervisor: name, child: child.id, exit, attempt: child.attempt });
    const concerned = concernedBy(strategy, this.#children, child.id);
    for (const one of concerned) if (one.restart !== "temporary") this.#replace(one, true);
    for (const one of concerned) if (one.status === "stopped") one.advance("restart");
    const key = strategy === "one_for_one" ? child.id : "";
    const known = this.#repairs.get(key);
    const repair = known ?? new Repair<Child>(this.#clock);
    repair.join(concerned, now + waitBefore(child.attempt, backoff));
    if (known !== undefined) return;
    this.#repairs.set(key, repair);
    repair.over = this.#mendAll(key, repair, error);
  }

  /** Until nobody is left whom it concerns. Then nobody can join it any more, in the same turn. */
  async #mendAll(key: string, repair: Repair<Child>, cause: Error): Promise<void> {
    while (this.#status === "running" && repair.children.size > 0) await this.#mend(repair, cause);
    this.#repairs.delete(key);
  }

  /** Stops those that a restart concerns, in reverse, waits as long as it must, and starts them in order; or as far as it comes. */
  async #mend(repair: Repair<Child>, cause: Error): Promise<void> {
    const { turn } = repair;
    const anew = (): boolean => repair.turn !== turn || this.#status !== "running";
    for (const child of stopOrder(this.#children, repair.children)) {
      await child.stop(this.#origin(cause));
      if (this.#status !== "running") return;
      if (!repair.children.has(child)) continue;
      if (child.restart === "temporary") {
        repair.children.delete(child);
        this.#forget(child, this.whyNot(child));
      } else child.advance("restart");
    }
    if (anew()) return;
    await repair.waited();
    if (anew()) return;
    for (const child of startOrder(this.#children, repair.children)) {
      if (!repair.children.has(child)) continue;
      // From when it is up its end is a failure of its own.
      const failure = await this.#restarted(child, repair, () => {
        if (!anew()) repair.children.delete(child);
      });
      if (anew()) return;
      if (failure === undefined || !repair.children.has(child)) continue;
      const exit: Exit = (failure instanceof StartFailed ? failure.exit : undefined) ?? {
        kind: "failed",
        error: failure,
      };
      return this.#restart(child, exit, failure, undefined, this.#clock.now());
    }
  }

  /** Starts a child, unless its restart begins anew before: then the start is left to be stopped. @returns why it failed */
  async #restarted(child: Child, repair: Repair<Child>, isUp: () => void): Promise<Error | undefined> {
    let failure: Error | undefined;
    child.restarts++;
    const started = this.#begin(child, isUp).catch((error: unknown) => {
      failure = error instanceof Error ? error : new Error(String(error));
    });
    await repair.unlessWoken(started);
    return failure;
  }

  #repairOf(child: Child): Repair<Child> | undefined {
    for (const repair of this.#repairs.values()) if (repair.children.has(child)) return repair;
    return undefined;
  }

  /** Its portals say that it is restarted, or that it is not after all. */
  #replace(child: Child, replaced: boolean): void {
    if (replaced) {
      const { exit } = child;
      child.newest?.replace((where) => new Restarted(this.plan.name, child.id, where, exit));
    } else for (const one of new Set([child.newest, child.current])) one?.replace(undefined);
  }

  #forget(child: Child, why: Error): void {
    this.#children = this.#children.filter((one) => one !== child);
    child.tellNever(why);
  }

  #note(child: Child, exit: Exit | undefined, error: Error, counts: boolean, at: number): void {
    const failure = { id: child.id, exit, error, time: Date.now() };
    // What made it give up is not forgotten while the others are stopped.
    const period = this.#status === "running" ? this.plan.period : Infinity;
    this.#record = keep(this.#record, { failure, counts, at }, period);
  }

  // The end.

  #giveUp(last: Error): void {
    const { name, intensity, period } = this.plan;
    void this.#over(this.#origin(last), () => {
      const failures = this.#record.map(({ failure }) => failure);
      const newest = failures.find(({ error }) => error === last) ?? failures[0];
      const error = new SupervisorFailed(name, { intensity, period }, failures, newest!);
      this.#failure = error;
      this.#abort(error);
      return { kind: "failed", error };
    });
  }

  /** Ends it, once. @param exit how it went, asked when all is gone */
  #over(origin: CancelOrigin, exit: () => Exit): Promise<void> {
    this.#ending ??= this.#end(origin, exit);
    return this.#ending;
  }

  async #end(origin: CancelOrigin, exit: () => Exit): Promise<void> {
    const wasUp = this.#status === "running";
    this.#advance("ask");
    const repairs = [...this.#repairs.values()];
    for (const repair of repairs) repair.wake();
    for (const child of this.#inReverse()) await child.stop(origin);
    for (const repair of repairs) await repair.over;
    const ended = exit();
    this.#advance("gone");
    for (const child of this.#children) {
      if (this.#replaced === undefined) this.#replace(child, false);
      child.tellNever(this.#failure ?? this.#cause ?? this.closed());
    }
    if (wasUp) this.#holder.ended(ended, this.#failure);
    this.#gone.resolve();
  }

  #abort(cause: Error): void {
    this.#cause ??= cause;
    this.#controller.abort(this.#cause);
  }

  /** Why it does nothing. */
  closed(): Error {
    if (this.#failure !== undefined) return this.#failure;
    if (this.#replaced !== undefined) return this.#replaced;
    return new SupervisorClosed(this.plan.name, this.#status === "ended" ? "closed" : "ending", this.#cause);
  }

  #inReverse(): Child[] {
    return [...this.#children].reverse();
  }

  #origin(reason: unknown): CancelOrigin {
    return { scope: "actor", via: "scope", canceller: thisProcess().id, reason };
  }

  #advance(event: ActorEvent): void {
    const next = nextStatus(this.#status, event);
    if (next === undefined || next === this.#status) return;
    this.#status = next;
    this.#statusSince = performance.now();
  }
}
