// One running call: settles exactly once, with the endpoint's value, its error, or why there is no answer.
import { DeadlineExceeded, type Cancelled } from "../errors/kinds.js";
import { decodeValue } from "../protocol/payload.js";
import type { Slot } from "./asking.js";
import type { Bounds } from "./bounded.js";
import { rejectLocated, type CallSite } from "./located.js";
import { deferred, noteRejection, type Deferred, type ObservedPromise } from "../errors/observed-promise.js";
import type { Opener } from "./opener.js";
import { Pending } from "./pending.js";
import { isBroodsDoing } from "../errors/silence.js";

export class Call extends Pending {
  readonly #deferred: Deferred<unknown>;
  readonly #slot: Slot | undefined;
  #settled = false;
  #answered = false;
  #interrupted = false;

  constructor(
    opener: Opener,
    id: number,
    endpoint: string,
    bounds: Bounds | undefined,
    site: CallSite | undefined,
    slot: Slot | undefined,
  ) {
    super(opener, id, endpoint, "call", site);
    this.#slot = slot;
    this.#deferred = slot ?? deferred();
    if (bounds !== undefined) this.bind(bounds);
  }

  get promise(): ObservedPromise<unknown> {
    return this.#deferred.promise;
  }

  override left(): void {
    this.#slot?.done(this.#answered);
  }

  protected override get stateWord(): string {
    return this.#settled ? "settled" : "waiting";
  }

  protected override get settled(): boolean {
    return this.#settled;
  }

  /** Rejects now, and leaves the peer to whoever ends it: a nursery does this to all calls of its body. */
  interrupt(error: Error): void {
    if (this.#settled) return;
    this.#interrupted = true;
    this.#reject(error, this.#deferred.reject);
  }

  protected override missed(deadline: number): void {
    this.#reject(new DeadlineExceeded(this.opener.where, this.endpoint, deadline));
  }

  protected override cancelled(error: Cancelled): void {
    this.#reject(error);
  }

  override lost(error: Error): void {
    this.#reject(error, this.#deferred.reject);
    this.end();
  }

  override onStarted(): void {
    this.opener.breach(`a call of ${this.endpoint} was answered as a context`);
  }

  override onReturn(payload: Uint8Array, flags: number): void {
    const value = decodeValue(payload, flags);
    if (!this.#settled && this.asked === undefined) {
      this.#settled = true;
      this.#answered = true;
      this.#deferred.resolve(value);
    }
    this.end();
  }

  override onError(error: Error, kind: string): void {
    if (kind === "cancelled") {
      // Its own answer to our cancel, of the call or of the whole actor.
      if (this.asked === undefined) this.#reject(this.opener.cancelledByActor() ?? error);
    } else if (this.#settled) {
      if (this.#interrupted) this.opener.late(error);
      else this.opener.undelivered(error);
    } else {
      this.#reject(error);
    }
    this.end();
  }

  /** An error of this call alone is told where the call was; one that others share is not. */
  #reject(error: Error, how = (own: Error): void => rejectLocated(this.#deferred, own, this.site)): void {
    if (this.#settled) return;
    this.#settled = true;
    how(error);
    noteRejection(this.promise, error);
    if (isBroodsDoing(error)) this.promise.silence();
  }
}
