// One call of a component's export: settles exactly once. One that has not begun is taken back without harm; one that runs can
// only be stopped with its instance, which whoever set the deadline or aborted has then asked for.
import { Cancelled, DeadlineExceeded, type CancelOrigin } from "../errors/kinds.js";
import type { AskedDump } from "../protocol/tree.js";
import type { Slot } from "./asking.js";
import { Bounded, type Bounds } from "./bounded.js";
import type { ExportCaller } from "./export-caller.js";
import { rejectLocated, type CallSite } from "./located.js";
import { deferred, noteRejection, type Deferred, type ObservedPromise } from "../errors/observed-promise.js";
import { isBroodsDoing } from "../errors/silence.js";

export class ExportCall extends Bounded {
  readonly #deferred: Deferred<unknown>;
  readonly #since = performance.now();
  #settled = false;
  #answered = false;
  #interrupted = false;
  /** The cancel that ends the instance. */
  #asked: CancelOrigin | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly caller: ExportCaller,
    readonly id: number,
    readonly endpoint: string,
    private readonly site: CallSite | undefined,
    private readonly slot: Slot | undefined,
  ) {
    super();
    this.#deferred = slot ?? deferred();
  }

  describe(): AskedDump {
    return {
      context: this.id,
      kind: "call",
      endpoint: this.endpoint,
      state: this.#settled ? "settled" : "waiting",
      age: performance.now() - this.#since,
      cancel: this.#asked === undefined ? undefined : { via: this.#asked.via },
    };
  }

  get promise(): ObservedPromise<unknown> {
    return this.#deferred.promise;
  }

  /** It is in the table no more. */
  left(): void {
    this.slot?.done(this.#answered);
  }

  /** Starts the clocks, once the call is made. */
  within(bounds: Bounds): void {
    this.bind(bounds);
  }

  returned(value: unknown): void {
    this.unbind();
    if (this.#settled) return;
    if (this.#asked !== undefined) return this.#reject(new Cancelled(this.#asked, this.caller.where));
    this.#settled = true;
    this.#answered = true;
    this.#deferred.resolve(value);
  }

  failed(error: Error): void {
    this.unbind();
    if (this.#interrupted) this.caller.late(error);
    else this.#reject(this.#asked === undefined ? error : new Cancelled(this.#asked, this.caller.where));
  }

  /** Rejects now, and leaves the instance to whoever ends it: a nursery does this to all calls of its body. */
  interrupt(error: Error): void {
    this.unbind();
    if (this.#settled) return;
    this.#interrupted = true;
    this.#rejectShared(error);
  }

  /** The instance is gone. */
  lost(error: Error): void {
    this.unbind();
    if (this.#asked === undefined) this.#rejectShared(error);
    else this.#reject(new Cancelled(this.#asked, this.caller.where));
  }

  protected override expired(deadline: number): void {
    this.unbind();
    const begun = !this.caller.withdraw(this);
    this.#reject(new DeadlineExceeded(this.caller.where, this.endpoint, deadline, begun));
    if (begun) this.caller.end();
  }

  protected override aborted(reason: unknown): void {
    this.unbind();
    const origin: CancelOrigin = { scope: "call", via: "signal", canceller: this.caller.self, reason };
    if (this.caller.withdraw(this)) return this.#reject(new Cancelled(origin, this.caller.where, true));
    this.#asked = origin;
    // An instance is gone within a moment; nobody waits for one that is not.
    this.#patience = setTimeout(
      () => this.#reject(new Cancelled(origin, this.caller.where)),
      this.caller.cancelTimeout(),
    );
    this.caller.end();
  }

  protected override unbind(): void {
    super.unbind();
    clearTimeout(this.#patience);
  }

  /** With an error of this call alone, which is told where the call was. */
  #reject(error: Error): void {
    if (this.#settled) return;
    this.#settled = true;
    rejectLocated(this.#deferred, error, this.site);
    this.#note(error);
  }

  #rejectShared(error: Error): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#deferred.reject(error);
    this.#note(error);
  }

  #note(error: Error): void {
    noteRejection(this.promise, error);
    if (isBroodsDoing(error)) this.promise.silence();
  }
}
