// What a stream stands on: one context of a channel, seen from one of its ends.
import type { InvalidMessage } from "../errors/kinds.js";
import { encodeCredit } from "../protocol/bodies.js";
import type { Channel } from "../protocol/channel.js";
import { FrameType } from "../protocol/frame.js";
import type { Encode, Encoded } from "../protocol/payload.js";

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

const NOTHING = new Uint8Array(0);

/** @param encode how this end writes values */
export function linkOf(channel: Channel, context: number, encode: Encode): StreamLink {
  return {
    encode,
    yield: ({ payload, flags }) => channel.send(FrameType.Yield, flags, context, payload),
    stop: () => channel.send(FrameType.Stop, 0, context, NOTHING),
    grant: (messages, bytes) => channel.send(FrameType.Credit, 0, context, encodeCredit(messages, bytes)),
    breach: (error) => channel.breach(error),
  };
}
