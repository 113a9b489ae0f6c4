// The opener's half of a context. `open` settles once (started value, or why not), `result()` settles once, and both are
// driven by the transition table of `state.ts`. What the peer throws after it has started is met at `result()`, at the
// signal's reason, or else at the dispose; that nobody has asked for the result yet never ends the host, and where nobody ever
// does it is told in the log (`unheard.ts`).
import { DeadlineExceeded, ProtocolError, type Cancelled, type InvalidMessage } from "../errors/kinds.js";
import { StreamClosed } from "../errors/stream.js";
import { assertOwn, forks } from "../protocol/forks.js";
import { decodeValue } from "../protocol/payload.js";
import { MessageStream } from "../stream/message-stream.js";
import type { Bounds } from "./bounded.js";
import { rejectLocated, type CallSite } from "./located.js";
import { deferred, noteRead, noteRejection, type Deferred, type ObservedPromise } from "../errors/observed-promise.js";
import type { Opener } from "./opener.js";
import { Pending } from "./pending.js";
import { isBroodsDoing } from "../errors/silence.js";
import { watchReason } from "./watched-signal.js";
import { Life } from "./life.js";
import type { ContextEvent, ContextState } from "./state.js";
import type { Context } from "./surface.js";
import { met } from "./unheard.js";

export class OpenContext extends Pending implements Context<any, unknown> {
  readonly #opened: Deferred<OpenContext> = deferred();
  /** Made when it is first asked for: what nobody holds cannot be left unhandled. */
  #result: Deferred<unknown> | undefined;
  readonly #life = new Life();
  #startedValue: unknown;
  #value: unknown;
  #error: Error | undefined;
  /** That error is shared with others: the actor's death, the nursery's failure. */
  #lost = false;
  #met = false;
  #controller: AbortController | undefined;
  #interrupted = false;
  readonly #forks = forks();

  readonly #generator: boolean;
  #stream: MessageStream | undefined;
  /** How the stream ended, where nobody had it then. */
  #streamEnd: ((stream: MessageStream) => void) | undefined;

  constructor(
    opener: Opener,
    id: number,
    endpoint: string,
    generator: boolean,
    bounds: Bounds | undefined,
    site: CallSite | undefined,
  ) {
    super(opener, id, endpoint, "context", site);
    this.#generator = generator;
    if (bounds !== undefined) this.bind(bounds);
  }

  /** Resolves with this context once the peer has started. */
  get opened(): ObservedPromise<OpenContext> {
    return this.#opened.promise;
  }

  get startedValue(): any {
    return this.#startedValue;
  }

  get state(): ContextState {
    return this.#life.state;
  }

  get cancelRequested(): boolean {
    return this.#life.requested;
  }

  get cancelAcknowledged(): boolean {
    return this.#life.requested && this.#life.acknowledged;
  }

  get absorbed(): boolean {
    return this.#life.absorbed;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      watchReason(this.#controller.signal, () => {
        this.#meet();
        noteRead(this.#error);
      });
      if (this.#error !== undefined) this.#controller.abort(this.#error);
    }
    return this.#controller.signal;
  }

  get stream(): MessageStream {
    assertOwn(this.#forks, "a context");
    if (this.#stream === undefined) {
      const { endpoint } = this;
      const link = this.opener.linkOf(this.id);
      this.#stream = new MessageStream(this.#life.notingStop(link), {
        endpoint,
        use: () => {
          if (!this.#life.step("used")) throw new ProtocolError(endpoint, "its stream was used before it had started");
          return true;
        },
        left: this.#generator ? () => this.#leaveStream() : undefined,
        abort: async (reason) => void (await this.cancel(reason)),
        sends: undefined,
        receives: undefined,
        refuses: () => {},
      });
      this.#streamEnd?.(this.#stream);
    }
    return this.#stream;
  }

  /** The scope of its user is over: nothing more is sent or read, and an async generator, which may never end, is ended. */
  async leaveScope(): Promise<void> {
    if (this.settled) return;
    if (this.#generator) await this.cancel("its scope was left");
    else this.stream.abandon();
  }

  result(): ObservedPromise<unknown> {
    try {
      assertOwn(this.#forks, "a context");
    } catch (error) {
      const refused = deferred<unknown>();
      refused.reject(error as Error);
      return refused.promise;
    }
    this.#meet();
    if (this.#result === undefined) {
      this.#result = deferred();
      if (this.settled) this.#settleResult(this.#result);
    }
    return this.#result.promise;
  }

  /** As the interface says; `reason` travels to the peer's signal. */
  async cancel(reason?: unknown): Promise<boolean> {
    assertOwn(this.#forks, "a context");
    if (this.settled) return this.#life.acknowledged || !this.#life.requested;
    this.#life.step("requested");
    return this.ask({ scope: "context", via: "cancel", canceller: this.opener.self, reason });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.settled) await this.cancel();
    // What the peer threw, and this end has met nowhere. A death or a cancel is thrown by whoever it belongs to.
    if (this.#error !== undefined && !this.#met && !isBroodsDoing(this.#error)) {
      this.#meet();
      throw this.#error;
    }
  }

  protected override get stateWord(): string {
    return this.#life.state;
  }

  protected override get streamOrNone(): MessageStream | undefined {
    return this.#stream;
  }

  protected override get settled(): boolean {
    return this.#life.settled;
  }

  interrupt(error: Error): void {
    if (this.settled) return;
    this.#interrupted = true;
    this.#fail("lost", error);
  }

  protected override bounded(): void {
    this.#life.step("bounded");
  }

  protected override missed(deadline: number): void {
    this.#fail("error", new DeadlineExceeded(this.opener.where, this.endpoint, deadline));
  }

  protected override cancelled(error: Cancelled): void {
    this.#fail(error.acknowledged === true ? "acknowledged" : "silent", error);
  }

  protected override acknowledgedLate(): void {
    this.#life.step("acknowledged");
  }

  override lost(error: Error): void {
    this.#fail("lost", error, "read");
    this.end();
  }

  override onStarted(payload: Uint8Array, flags: number): void {
    const value = decodeValue(payload, flags);
    if (this.settled) return;
    if (!this.#life.step("started")) return this.opener.breach(`a second started of ${this.endpoint}`);
    this.#startedValue = value;
    this.#opened.resolve(this);
  }

  override onReturn(payload: Uint8Array, flags: number): void {
    const value = decodeValue(payload, flags);
    if (!this.settled) {
      if (!this.#life.step("return")) return this.opener.breach(`a result of ${this.endpoint} before its started`);
      this.#value = value;
      const { endpoint, opener } = this;
      this.#endStream((stream) =>
        stream.finish(undefined, new StreamClosed(endpoint, "peer", "the peer has returned", opener.where)),
      );
      if (this.#result !== undefined) this.#settleResult(this.#result);
    }
    this.end();
  }

  override onYield(payload: Uint8Array, flags: number): void {
    if (this.#streams("received")) this.stream.arrived(payload, flags);
  }

  override onCredit(messages: number, bytes: number): void {
    if (this.#streams("credited")) this.stream.granted(messages, bytes);
  }

  override onStop(): void {
    if (this.#streams("stopped")) this.stream.stopped();
  }

  override onRefused(error: InvalidMessage): void {
    if (this.#streams("credited")) this.stream.told(error);
  }

  override onError(error: Error, kind: string): void {
    if (kind === "cancelled") {
      if (this.asked === undefined) this.#fail("cancelled", this.opener.cancelledByActor() ?? error, "read");
    } else if (this.settled) {
      if (this.#interrupted) this.opener.late(error);
      else this.opener.undelivered(error);
    } else {
      this.#fail("error", error, "read");
    }
    this.end();
  }

  /** @param unread whether what the peer has sent before is still read */
  #fail(event: ContextEvent, error: Error, unread: "read" | "dropped" = "dropped"): void {
    if (this.settled) return;
    const opening = this.#life.state === "opening";
    this.#endStream((stream) => (unread === "read" ? stream.finish(error, error) : stream.cut(error)));
    this.#life.step(event);
    this.#error = error;
    this.#lost = event === "lost";
    if (opening) {
      if (this.#lost) this.#opened.reject(error);
      else rejectLocated(this.#opened, error, this.site);
      noteRejection(this.opened, error);
      if (isBroodsDoing(error)) this.opened.silence();
    }
    if (this.#result !== undefined) this.#settleResult(this.#result);
    this.#controller?.abort(error);
    // A death or a cancel is told to whoever it belongs to.
    if (!opening && !this.#met && !this.#lost && !isBroodsDoing(error)) this.opener.unheard(this, error);
  }

  /** Whether what came for the stream is still for somebody. @throws InvalidMessage it must not come now */
  #streams(event: "received" | "credited" | "stopped"): boolean {
    if (this.settled) return false;
    return (
      this.#life.hears(event) ||
      this.opener.breach(`a message of ${this.endpoint} before its started, or after its end`)
    );
  }

  #endStream(end: (stream: MessageStream) => void): void {
    if (this.#stream === undefined) this.#streamEnd ??= end;
    else end(this.#stream);
  }

  /** A loop over what an async generator yields was left: it is over, and its `finally` has run when this resolves. */
  async #leaveStream(): Promise<void> {
    await this.cancel("the loop over its stream was left");
  }

  #meet(): void {
    this.#met = true;
    met(this);
  }

  #settleResult(result: Deferred<unknown>): void {
    if (this.#error === undefined) return result.resolve(this.#value);
    if (this.#lost) result.reject(this.#error);
    else rejectLocated(result, this.#error, this.site);
    noteRejection(result.promise, this.#error);
    if (isBroodsDoing(this.#error)) result.promise.silence();
  }
}
