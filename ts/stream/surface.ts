// The public shape of a stream, the same at both ends of a context. Types only.

/** What a reader of a stream is given. */
export interface Messages<T> extends AsyncIterable<T> {
  /** The next message; `done` when the other end has ended its direction, or returned. Several at once are served in turn. */
  next(): Promise<IteratorResult<T, undefined>>;
}

/** How a subscriber meets messages that come faster than it reads. */
export interface SubscribeOptions {
  /**
   * How many messages it may fall behind, at least 1. Further ones push out the oldest, and `missed` counts them. Default: it misses
   * none, and the slowest subscriber paces the sender.
   */
  lag?: number | undefined;
}

/** One of several readers of a stream, who are each given every message. A loop over it that is left closes it. */
export interface Subscription<T> extends Messages<T> {
  /** Messages that it was too slow for; stays 0 without `lag`. */
  readonly missed: number;
  /** Leaves: the others lose nothing by it. Idempotent. */
  close(): void;
}

/** Messages in both directions, each under credit: 256 messages and 1 MiB may be on their way unread. */
export interface Stream<Send, Receive> extends Messages<Receive> {
  /**
   * Sends a message; resolves when it is on its way, which is when there is room for it. Messages arrive in the order of the sends.
   * @throws InvalidMessage it cannot be sent (the text names the place in it), or one that was sent earlier was refused by the other
   *   end's schema: the stream lives on; StreamClosed; else what ended the context
   */
  send(message: Send): Promise<void>;
  /** Sends nothing more: the other end's reading is done when it has read the rest. Idempotent. */
  end(): Promise<void>;
  /**
   * From now on every subscriber is given every message that comes; the stream itself is not to be read meanwhile (StreamBusy).
   * @throws InvalidOption; StreamClosed nothing will come any more; StreamBusy it is being read as `readable`
   */
  subscribe(options?: SubscribeOptions): Subscription<Receive>;
  /** What comes, as a stream of the web's; cancelling it is leaving the loop. @throws Unsupported a guest has none */
  readonly readable: ReadableStream<Receive>;
  /** What is sent, as a stream of the web's; closing it is `end()`, aborting it cancels the context. @throws Unsupported a guest has none */
  readonly writable: WritableStream<Send>;
}
