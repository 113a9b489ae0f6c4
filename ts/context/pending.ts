// What a call and a context have in common at the side that asked: one entry in the channel's table, one answer, and a
// cancel that is always bounded. A peer that stays silent past `cancelTimeout` is deaf; an acknowledgement, of whatever
// kind, spares it (design section 4, "Call deadline").
import { Cancelled, InvalidMessage, type CancelOrigin, type CancelScope } from "../errors/kinds.js";
import type { MessageStream } from "../stream/message-stream.js";
import { Bounded } from "./bounded.js";
import type { AskedDump } from "../protocol/tree.js";
import type { CallSite } from "./located.js";
import type { Opener } from "./opener.js";

export abstract class Pending extends Bounded {
  readonly #since = performance.now();
  /** The cancel that was asked for, once one was. */
  asked: CancelOrigin | undefined;
  #ackTimer: ReturnType<typeof setTimeout> | undefined;
  #acknowledged: ((yes: boolean) => void)[] | undefined;
  /** undefined while nobody knows. */
  #ack: boolean | undefined;

  constructor(
    protected readonly opener: Opener,
    readonly id: number,
    readonly endpoint: string,
    protected readonly scope: CancelScope,
    /** Where the user called; undefined where that was not captured. */
    protected readonly site: CallSite | undefined,
  ) {
    super();
  }

  protected override expired(deadline: number): void {
    this.missed(deadline);
    void this.ask({
      scope: this.scope,
      via: "deadline",
      canceller: this.opener.self,
      reason: `no answer within ${deadline} ms`,
    });
  }

  protected override aborted(reason: unknown): void {
    this.bounded();
    void this.ask({ scope: this.scope, via: "signal", canceller: this.opener.self, reason });
  }

  /** Its bounds ask for a cancel, before its user has. */
  protected bounded(): void {}
  /** The deadline passed. */
  protected abstract missed(deadline: number): void;
  /** The cancel was acknowledged, or will not be: the last chance to settle. */
  protected abstract cancelled(error: Cancelled): void;
  /** The cancel was acknowledged, and the user has an outcome already. */
  protected acknowledgedLate(): void {}
  /** Whether the user has an outcome already. */
  protected abstract readonly settled: boolean;
  /** How far it has come, in a word. */
  protected abstract readonly stateWord: string;
  /** Its stream, where it has one that was used. */
  protected get streamOrNone(): MessageStream | undefined {
    return undefined;
  }
  /** The channel or the actor is gone. */
  abstract lost(error: Error): void;
  /** It is in the table no more. */
  left(): void {}

  /** What there is to see of it. */
  describe(): AskedDump {
    const { id: context, endpoint, asked, stateWord: state } = this;
    return {
      context,
      kind: this.scope === "context" ? "context" : "call",
      endpoint,
      state,
      age: performance.now() - this.#since,
      cancel: asked === undefined ? undefined : { via: asked.via, acknowledged: this.#ack },
      stream: this.streamOrNone?.describe(),
    };
  }

  /** Asks the peer's task to end; resolves with whether it acknowledged within `cancelTimeout`. Idempotent. */
  ask(origin: CancelOrigin): Promise<boolean> {
    if (this.#ack !== undefined) return Promise.resolve(this.#ack);
    const answer = new Promise<boolean>((resolve) => (this.#acknowledged ??= []).push(resolve));
    if (this.asked !== undefined) return answer;
    this.asked = origin;
    this.unbind();
    if (this.opener.withdraw(this.id)) {
      this.acknowledge();
      return answer;
    }
    const within = this.opener.cancelTimeout();
    this.opener.sendCancel(this.id, origin, within);
    this.#ackTimer = setTimeout(() => {
      this.#ackTimer = undefined;
      this.opener.deaf();
      this.#conclude(false);
    }, within);
    return answer;
  }

  /** The peer said that its task has ended, or that its loop is alive. */
  acknowledge(): void {
    this.#conclude(true);
  }

  #conclude(yes: boolean): void {
    if (this.#ack !== undefined) return;
    this.#ack = yes;
    if (this.#ackTimer !== undefined) clearTimeout(this.#ackTimer);
    this.opener.forget(this);
    if (!this.settled && this.asked !== undefined) this.cancelled(new Cancelled(this.asked, this.opener.where, yes));
    else if (yes) this.acknowledgedLate();
    for (const resolve of this.#acknowledged ?? []) resolve(yes);
    this.#acknowledged = undefined;
  }

  /** Nothing more is awaited of the peer: stops every clock and answers whoever waits for an acknowledgement. */
  protected end(): void {
    this.unbind();
    if (this.asked === undefined) {
      this.#ack = true;
      this.opener.forget(this);
    } else {
      this.#conclude(true);
    }
  }

  abstract onStarted(payload: Uint8Array, flags: number): void;
  abstract onReturn(payload: Uint8Array, flags: number): void;
  abstract onError(error: Error, kind: string): void;

  // Only a context has a stream.

  onYield(_payload: Uint8Array, _flags: number): void {
    this.#noStream();
  }
  onCredit(_messages: number, _bytes: number): void {
    this.#noStream();
  }
  onStop(): void {
    this.#noStream();
  }
  onRefused(_error: InvalidMessage): void {
    this.#noStream();
  }

  #noStream(): never {
    throw new InvalidMessage(`a message of a stream in a ${this.scope} of ${this.endpoint}`);
  }
}
