// What a channel stands on: bytes in order to the other end, and what is told of that end.

/** Carries bytes in order to the other end. */
export interface Transport {
  /**
   * Hands bytes over.
   * @returns true when they are with the system already, so that the buffer may be used again at once
   */
  write(bytes: Uint8Array): boolean;
  /** The same for two pieces at once, where that is cheaper than one: `body` is kept as it is until the system has taken it. */
  writeBoth?(head: Uint8Array, body: Uint8Array): boolean;
  /** Bytes handed over that the system has not taken yet. */
  readonly ahead: number;
  /** Calls `work` once what runs now, and what that has made ready to run, is over: so that many messages go as one write. */
  soon(work: () => void): void;
  /** Ends this direction after what was written. */
  end(): void;
  /** Drops everything at once. */
  destroy(): void;
}

/** What a transport tells of its other end. */
export interface TransportSink {
  received(bytes: Uint8Array): void;
  /** Room again after `ahead` had grown. */
  drained(): void;
  /** Nothing more will come. */
  ended(): void;
}
