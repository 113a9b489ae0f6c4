// What a channel stands on, and what stands at its other end: the two things that a spawn method must provide.
import type { ActorId } from "../errors/identity.js";

/** Carries bytes in order to the other end. */
export interface Transport {
  /**
   * Hands bytes over.
   * @returns true when they are with the system already, so that the buffer may be used again at once
   */
  write(bytes: Uint8Array): boolean;
  /** Bytes handed over that the system has not taken yet. */
  readonly ahead: number;
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

/** How an actor's body ended, as the system tells it. */
export type BodyEnd = {
  readonly status:
    | { readonly kind: "exited"; readonly code: number }
    | { readonly kind: "signalled"; readonly signal: string }
    | { readonly kind: "lost" }
    /** There never was a body: why. */
    | { readonly kind: "unborn"; readonly error: Error };
  /** The last lines of standard error, oldest first. */
  readonly stderr: readonly string[];
  /** Set where the body died of its memory limit: why, in words. */
  readonly memory?: string;
};

/** A started body of an actor: a process, and later an instance. One owner: the actor's control. */
export interface Body {
  readonly pid: number | undefined;
  readonly transport: Transport;
  /** Asks by the system's means (SIGTERM, and SIGCONT so that a stopped process hears it). */
  terminate(): void;
  /** Ends it, and whatever it started in its group. Final. */
  kill(): void;
  /** Settles once, when it is gone, its output is read (within 500 ms) and its group is empty. Never rejects. */
  readonly gone: Promise<BodyEnd>;
}

/** What every body is told before it speaks: who it is to be, and the token that proves it. */
export interface Birth {
  readonly id: ActorId;
  readonly token: string;
}
