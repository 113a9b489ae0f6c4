// What a stream stands on: one context of a channel, seen from one of its ends.
import type { InvalidMessage } from "../errors/kinds.js";
import type { Encoded } from "../protocol/payload.js";

export interface StreamLink {
  /** How this end writes a value. @throws InvalidMessage it cannot be sent */
  encode(value: unknown, root: string): Encoded;
  /** One message, for which there is credit. */
  yield(message: Encoded): void;
  /** This end sends nothing more. */
  stop(): void;
  /** This end has consumed so much of what the other sent. */
  grant(messages: number, bytes: number): void;
  /** What the other end sent is no message: its channel ends. */
  breach(error: InvalidMessage): void;
}
