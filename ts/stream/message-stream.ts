// One end of a two-way stream, as its user holds it. The context that it belongs to passes on what comes, and tells how it ended.
import { InvalidMessage } from "../errors/kinds.js";
import { StreamBusy, StreamClosed } from "../errors/stream.js";
import { Fanout } from "./fanout.js";
import { Incoming } from "./incoming.js";
import { lagOf } from "./lag.js";
import type { StreamLink } from "./link.js";
import { Outgoing } from "./outgoing.js";
import { refused } from "./refused.js";
import type { Stream, SubscribeOptions, Subscription } from "./surface.js";
import type { StreamDump } from "../protocol/tree.js";
import { readableOf, writableOf } from "./web.js";

type Result = IteratorResult<unknown, undefined>;

/** What a message must be, and what it becomes. @throws InvalidMessage */
export type Check = (message: unknown) => unknown;

/** What a stream asks of its context. */
export interface StreamOwner {
  readonly endpoint: string;
  /** Before each use, until it has returned true: whether the stream may be used from now on. @throws what forbids it now */
  use(): boolean;
  /** Nobody reads any more, and nothing else will come of this stream: the context may end. */
  readonly left: (() => Promise<void>) | undefined;
  /** A writer has given up. */
  abort(reason: unknown): Promise<void>;
  readonly sends: Check | undefined;
  readonly receives: Check | undefined;
  /** A message that came was none that `receives` allows, and was skipped. */
  refuses(error: InvalidMessage): void;
}

export class MessageStream implements Stream<any, any> {
  readonly #link: StreamLink;
  readonly #owner: StreamOwner;
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;
  #usable = false;
  #fanout: Fanout | undefined;
  #readable: ReadableStream | undefined;
  #writable: WritableStream | undefined;
  /** What the other end has refused of what this one sent, and nobody was told of yet. */
  #told: InvalidMessage[] | undefined;
  /** The message that is being checked: those behind it wait, or they would overtake it. */
  #sending: Promise<unknown> | undefined;
  #reading: Promise<unknown> | undefined;

  constructor(link: StreamLink, owner: StreamOwner) {
    this.#link = link;
    this.#owner = owner;
    this.#outgoing = new Outgoing(link);
    this.#incoming = new Incoming(link);
  }

  // For its user.

  readonly send = (message: unknown): Promise<void> => {
    try {
      this.#use();
      this.#tell();
      if (this.#outgoing.closed !== undefined) return refused(this.#outgoing.closed);
      const { sends } = this.#owner;
      const checked = sends === undefined ? message : sends(message);
      if (this.#sending !== undefined || isPromise(checked)) return this.#sendLater(checked);
      return this.#outgoing.send(this.#link.encode(checked, "message"));
    } catch (error) {
      return refused(error as Error);
    }
  };

  readonly end = async (): Promise<void> => {
    this.#use();
    await this.#sending;
    await this.#outgoing.end(new StreamClosed(this.#owner.endpoint, "you", "this side has ended it with end()"));
  };

  readonly next = (): Promise<Result> => {
    try {
      this.#use();
      if (this.#readable !== undefined) throw this.#busy("its `readable` has it");
      return this.#next();
    } catch (error) {
      return refused(error as Error);
    }
  };

  [Symbol.asyncIterator](): AsyncIterableIterator<unknown, undefined> {
    return {
      next: this.next,
      return: async () => {
        await this.#leave();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  subscribe(options: SubscribeOptions = {}): Subscription<unknown> {
    const lag = lagOf("stream.subscribe", options);
    this.#use();
    if (this.#readable !== undefined) throw this.#busy("its `readable` has it");
    if (this.#incoming.ended && this.#incoming.unread === 0)
      throw new StreamClosed(this.#owner.endpoint, "peer", "it has ended, and nothing more will come");
    this.#fanout ??= new Fanout(() => this.#read());
    return this.#fanout.subscribe(lag);
  }

  get readable(): ReadableStream {
    if (this.#readable !== undefined) return this.#readable;
    this.#use();
    if (this.#fanout !== undefined && this.#fanout.size > 0) throw this.#busy("its subscribers have it");
    return (this.#readable = readableOf(
      () => this.#next(),
      () => this.#leave(),
    ));
  }

  get writable(): WritableStream {
    this.#use();
    return (this.#writable ??= writableOf(this, (reason) => this.#owner.abort(reason)));
  }

  // For its context.

  get figures(): {
    readonly sent: Outgoing["outstanding"];
    readonly waiting: number;
    readonly unread: number;
    readonly received: Incoming["outstanding"];
    readonly readers: number;
  } {
    return {
      sent: this.#outgoing.outstanding,
      waiting: this.#outgoing.waiting,
      unread: this.#incoming.unread,
      received: this.#incoming.outstanding,
      readers: this.#incoming.waiting,
    };
  }

  /** What there is to see of it. */
  describe(): StreamDump {
    const { sent, waiting: sending, unread, received, readers: reading } = this.figures;
    const [sendingSince, readingSince] = [this.#outgoing.waitingSince, this.#incoming.waitingSince];
    const now = performance.now();
    return {
      sent,
      sending,
      sendingFor: sendingSince === undefined ? undefined : now - sendingSince,
      unread,
      received,
      reading,
      readingFor: readingSince === undefined ? undefined : now - readingSince,
      subscribers: this.#fanout?.describe(),
    };
  }

  /** @throws InvalidMessage it is none, or there was no credit for it */
  arrived(payload: Uint8Array, flags: number): void {
    this.#incoming.arrived(payload, flags);
  }

  /** @throws InvalidMessage more was given back than was sent */
  granted(messages: number, bytes: number): void {
    this.#outgoing.granted(messages, bytes);
  }

  /** @throws InvalidMessage the second time */
  stopped(): void {
    this.#incoming.stopped();
  }

  /** The other end has refused a message of this one's. */
  told(error: InvalidMessage): void {
    if (this.#incoming.reject(error)) return;
    (this.#told ??= []).push(error);
  }

  /** The other end is over: read to its end there is nothing more, or `error`; what is to be sent is refused with `refusal`. */
  finish(error: Error | undefined, refusal: Error): void {
    this.#outgoing.close(refusal);
    this.#incoming.finish(error);
  }

  /** It is over now, for this reason. */
  cut(error: Error): void {
    this.#outgoing.close(error);
    this.#incoming.cut(error);
  }

  /** The scope of its user is over: nothing more is sent, and what comes is not read. */
  abandon(): void {
    if (this.#outgoing.closed === undefined) void this.#outgoing.end(this.#overNow());
    this.#incoming.discard();
  }

  #overNow(): StreamClosed {
    return new StreamClosed(this.#owner.endpoint, "you", "the scope of its context is over");
  }

  #use(): void {
    if (!this.#usable) this.#usable = this.#owner.use();
  }

  #tell(): void {
    const told = this.#told?.shift();
    if (told !== undefined) throw told;
  }

  #busy(why: string): StreamBusy {
    return new StreamBusy(this.#owner.endpoint, why);
  }

  #next(): Promise<Result> {
    const fanout = this.#fanout;
    if (fanout === undefined) return this.#read();
    if (fanout.size > 0) throw this.#busy("its subscribers have it; subscribe() too, or wait until they have closed");
    return fanout.take() ?? this.#read();
  }

  #read(): Promise<Result> {
    const told = this.#told?.shift();
    if (told !== undefined) return refused(told);
    return this.#owner.receives === undefined ? this.#incoming.next() : this.#readChecked(this.#owner.receives);
  }

  async #leave(): Promise<void> {
    if (!this.#incoming.ended) await this.#owner.left?.();
  }

  /** Behind those whose check takes its time. */
  async #sendLater(checked: unknown): Promise<void> {
    const before = this.#sending;
    const turn = (async () => {
      const [value] = await Promise.all([checked, before]);
      // Those behind it wait for its place in the queue, not for its credit.
      return { sent: this.#outgoing.send(this.#link.encode(value, "message")) };
    })();
    const over = turn.then(ignore, ignore).then(() => {
      if (this.#sending === over) this.#sending = undefined;
    });
    this.#sending = over;
    await (
      await turn
    ).sent;
  }

  #readChecked(check: Check): Promise<Result> {
    const turn = (async (): Promise<Result> => {
      await this.#reading;
      for (;;) {
        const result = await this.#incoming.next();
        if (result.done === true) return result;
        try {
          return { done: false, value: await check(result.value) };
        } catch (error) {
          if (!(error instanceof InvalidMessage)) throw error;
          this.#owner.refuses(error);
        }
      }
    })();
    this.#reading = turn.catch(() => {});
    return turn;
  }
}

const ignore = (): void => {};

const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise;
