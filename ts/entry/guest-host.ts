// The host as the prelude of a guest sees it. Text and randomness are imports of its world, which exist only in an instance; what
// needs the channel is bound when an instance begins.
import random from "brood:actor/random";
import text from "brood:actor/text";
import type { GuestHost } from "../actor/guest/host.js";

/** What stands on the channel. */
export interface Wire {
  wake(id: number, ms: number): void;
  wants(level: number): boolean;
  log(level: number, text: string): void;
  fatal(error: unknown): void;
}

/** While an actor is built, an error that nobody catches fails the build, and a log goes nowhere. */
const building: Wire = {
  wake() {},
  wants: () => false,
  log() {},
  fatal(error) {
    throw error;
  },
};

let wire = building;

export const guestHost: GuestHost = {
  get live() {
    return wire !== building;
  },
  encode: text.encode,
  decode: text.decode,
  randomBytes: random.bytes,
  wake: (id, ms) => wire.wake(id, ms),
  wants: (level) => wire.wants(level),
  log: (level, line) => wire.log(level, line),
  fatal: (error) => wire.fatal(error),
};

/** An instance begins. */
export function bind(to: Wire): void {
  wire = to;
}
