// One call of a pool, from `pool.call` on: its promise is handed out at once, and settled by whichever actor is given the call. While
// it waits its clocks are the pool's to stop; with the call they go over to the actor's side.
import type { Slot } from "../context/asking.js";
import { Bounded, type Bounds } from "../context/bounded.js";
import { rejectLocated, type CallSite } from "../context/located.js";
import { noteRejection, ObservedPromise } from "../errors/observed-promise.js";
import { isBroodsDoing } from "../errors/silence.js";
import type { PoolMember } from "./pool-member.js";
import type { Waiter } from "./pool-queue.js";

/** What a call asks of its pool. */
export interface CallPool {
  /** Its deadline has passed before an actor had it. */
  expired(call: PoolCall, deadline: number): void;
  /** Its caller's signal has aborted before an actor had it. */
  aborted(call: PoolCall, reason: unknown): void;
  /** An actor is done with it. */
  done(member: PoolMember, call: PoolCall, answered: boolean): void;
}

export class PoolCall extends Bounded implements Slot, Waiter {
  readonly promise: ObservedPromise<unknown>;
  resolve!: (value: unknown) => void;
  reject!: (error: unknown) => void;
  before: Waiter | undefined;
  after: Waiter | undefined;
  waits = false;
  /** Who runs it. */
  member: PoolMember | undefined;
  /** When it was called, and when an actor was given it. */
  readonly calledAt = performance.now();
  handedAt = 0;

  constructor(
    private readonly pool: CallPool,
    readonly endpoint: string,
    readonly args: readonly unknown[],
    private readonly bounds: Bounds | undefined,
    readonly site: CallSite | undefined,
  ) {
    super();
    this.promise = new ObservedPromise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  /** It waits in the queue from now on. */
  wait(): void {
    if (this.bounds !== undefined) this.bind(this.bounds);
  }

  /** Whether its deadline has passed, told or not. */
  isLate(now: number): boolean {
    return this.bounds?.deadline !== undefined && now - this.calledAt >= this.bounds.deadline;
  }

  /** Its deadline has passed. */
  miss(): void {
    const { bounds } = this;
    if (bounds?.deadline !== undefined) this.expired(bounds.deadline);
  }

  /** It waits no more. @returns what is left of its bounds */
  handed(now: number): Bounds | undefined {
    this.handedAt = now;
    const { bounds } = this;
    if (bounds === undefined) return undefined;
    this.unbind();
    const { deadline, signal } = bounds;
    if (deadline === undefined) return bounds;
    return { deadline: deadline - (now - this.calledAt), of: deadline, signal };
  }

  done(answered: boolean): void {
    const { member } = this;
    this.member = undefined;
    if (member !== undefined) this.pool.done(member, this, answered);
  }

  /** Ends it with an error of its own, before an actor had it. */
  refuse(error: Error): void {
    this.unbind();
    rejectLocated(this, error, this.site);
    this.#note(error);
  }

  /** Ends it with an error that others have too. */
  interrupt(error: Error): void {
    this.unbind();
    this.reject(error);
    this.#note(error);
  }

  protected override expired(deadline: number): void {
    this.pool.expired(this, deadline);
  }

  protected override aborted(reason: unknown): void {
    this.pool.aborted(this, reason);
  }

  #note(error: Error): void {
    noteRejection(this.promise, error);
    if (isBroodsDoing(error)) this.promise.silence();
  }
}
