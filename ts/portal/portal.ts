// The handle on an actor that users hold. It owns nothing: it checks what it is given, bounds what it asks by the deadline and
// signal it was made with, and passes on to the control and to the table of calls.
import type { Asking } from "../context/asking.js";
import type { Bounds } from "../context/bounded.js";
import { ObservedPromise, observe } from "../errors/observed-promise.js";
import type { OpenContext } from "../context/open-context.js";
import { callSite, type CallSite } from "../context/located.js";
import { isBroodsDoing } from "../errors/silence.js";
import type { ActorStats, ActorStatus, CallOptions, Context, Loose, Portal, SpawnMethod } from "../context/surface.js";
import type { Exit } from "../errors/exit.js";
import type { ActorId } from "../errors/identity.js";
import { Cancelled, InvalidOption, NurseryClosed } from "../errors/kinds.js";
import { assertOwn, forks } from "../protocol/forks.js";
import { boundsWithin, narrowed } from "./bounds.js";
import type { Control } from "./control.js";

/** What a portal made inside a task may not outlast. */
export interface PortalBound {
  /** ms left of the task's own deadline; undefined without one. */
  remaining(): number | undefined;
}

/** Calls that may wait while the next one still captures its line: V8 takes about 4 us for that, which beside one round trip is
 *  little, and beside a call of a thousand in flight more than all the rest (docs/bench.md). Above it the stack of an error
 *  has the frames of whoever awaits the call. */
export const SITES = 16;

/** What a portal passes everything on to. */
export let controlOf: (portal: ActorPortal) => Control;

const NO_BOUND: PortalBound = { remaining: () => undefined };

export class ActorPortal implements Portal<Loose> {
  readonly #control: Control;
  readonly #options: CallOptions;
  readonly #bound: PortalBound;
  readonly #forks: number;

  static {
    controlOf = (portal) => portal.#control;
  }

  /** @param made the count of forks at which the first portal on this actor was made */
  constructor(control: Control, bound: PortalBound = NO_BOUND, options: CallOptions = {}, made = forks()) {
    this.#forks = made;
    this.#control = control;
    this.#bound = bound;
    this.#options = options;
  }

  get id(): ActorId {
    return this.#control.id;
  }
  get path(): string {
    return this.#control.where.path;
  }
  get spawnMethod(): SpawnMethod {
    return this.#control.spawnMethod;
  }
  get spawnReason(): string {
    return this.#control.spawnReason;
  }
  get status(): ActorStatus {
    return this.#control.status;
  }
  get stats(): ActorStats {
    const asking = this.#control.askingOrNone;
    const { startTime, pause } = this.#control;
    const stats = { startTime, open: asking?.size ?? 0, calls: asking?.total ?? 0 };
    return pause === undefined ? stats : { ...stats, pause };
  }
  get exited(): Promise<Exit> {
    return this.#control.exited;
  }

  call(endpoint: string, ...args: any[]): Promise<any> {
    return this.callFrom(this.#site(this.call), endpoint, args);
  }

  /** A call on behalf of somebody who called at `site`. */
  callFrom(site: CallSite | undefined, endpoint: string, args: any[]): ObservedPromise<any> {
    try {
      const asking = this.#check(endpoint, "call");
      return asking.call(endpoint, args, this.#bounds(), site);
    } catch (error) {
      return rejected(error);
    }
  }

  open(endpoint: string, ...args: any[]): Promise<Context<any, any>> {
    return this.#open(this.#site(this.open), endpoint, args);
  }

  #open(site: CallSite | undefined, endpoint: string, args: any[]): ObservedPromise<OpenContext> {
    try {
      const asking = this.#check(endpoint, "context");
      return asking.open(endpoint, args, this.#bounds(), site);
    } catch (error) {
      return rejected(error);
    }
  }

  withContext<T>(endpoint: string, args: any[], body: (context: Context<any, any>) => Promise<T>): Promise<T> {
    if (!Array.isArray(args))
      return rejected(new InvalidOption("withContext: args", args, "an array of the endpoint's arguments"));
    if (typeof body !== "function")
      return rejected(new InvalidOption("withContext: body", body, "a function that is given the context"));
    return observe(this.#withContext(callSite(this.withContext), endpoint, args, body), isBroodsDoing);
  }

  async #withContext<T>(
    site: CallSite,
    endpoint: string,
    args: any[],
    body: (context: Context<any, any>) => Promise<T>,
  ): Promise<T> {
    const context = await this.#open(site, endpoint, args).unobserved();
    const result = context.result().unobserved();
    // It is awaited only when the body has returned, which may be long after it has failed.
    result.catch(() => {});
    let value: T;
    try {
      const returned = body(context);
      // What the body only passes on, such as the context's result, is met by whoever listens to withContext.
      value = await (returned instanceof ObservedPromise ? (returned as ObservedPromise<T>).unobserved() : returned);
    } catch (error) {
      // The peer's finally runs before the body's own error leaves the scope.
      await context.cancel(error);
      throw error;
    }
    // Nobody sends or reads any more: the peer is told, and is not kept waiting for credit.
    await context.leaveScope();
    try {
      await result;
    } catch (error) {
      if (!context.absorbed) throw error;
    }
    return value;
  }

  with(options: CallOptions): ActorPortal {
    const bounds = narrowed("portal.with", this.#options, options);
    return new ActorPortal(this.#control, this.#bound, bounds, this.#forks);
  }

  async cancel(reason?: unknown): Promise<boolean> {
    this.#assertOwn();
    return this.#control.cancel({ scope: "actor", via: "cancel", canceller: this.#control.settings.self, reason });
  }

  async kill(): Promise<Exit> {
    this.#assertOwn();
    return this.#control.kill(this.#control.settings.self);
  }

  async close(): Promise<void> {
    await this.cancel();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #check(endpoint: unknown, form: "call" | "context"): Asking {
    const verb = form === "call" ? "call" : "open";
    if (typeof endpoint !== "string" || endpoint === "")
      throw new InvalidOption(`portal.${verb}: endpoint`, endpoint, "the name of an endpoint");
    this.#assertOwn();
    const asking = this.#control.asking();
    asking.check(endpoint, form);
    return asking;
  }

  #assertOwn(): void {
    assertOwn(this.#forks, "a portal");
  }

  /** Where the user called, unless so many calls wait that capturing it would be most of their cost. */
  #site(above: (...args: never[]) => unknown): CallSite | undefined {
    return (this.#control.askingOrNone?.size ?? 0) < SITES ? callSite(above) : undefined;
  }

  #bounds(): Bounds | undefined {
    return boundsWithin(this.#options, this.#bound.remaining(), (reason) => {
      const canceller = this.#control.settings.self;
      return new Cancelled({ scope: "call", via: "signal", canceller, reason }, this.#control.where, true);
    });
  }
}

function rejected(error: unknown): ObservedPromise<never> {
  return observe(Promise.reject(error), (why) => isBroodsDoing(why) || why instanceof NurseryClosed);
}
