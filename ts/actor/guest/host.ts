// What the prelude needs from the entry of a guest: text, randomness, one timer, a log, and a way to fail. While an actor is
// built there is no host yet, and only `log` and `fatal` may be called.

/** Log levels as they are on the wire. */
export const Level = { error: 1, warn: 2, info: 3, debug: 4 } as const;

/** `wake` with this time cancels what was asked for. */
export const NEVER = 0xffff_ffff;

export interface GuestHost {
  /** False while the actor is built, true as soon as an instance of it runs. */
  readonly live: boolean;
  /** UTF-8 of a text without lone surrogates, as fresh bytes. */
  encode(text: string): Uint8Array;
  /** The text of UTF-8 bytes, U+FFFD where they are none; a byte order mark stays. */
  decode(bytes: Uint8Array): string;
  /** @param length at most 64 KiB */
  randomBytes(length: number): Uint8Array;
  /**
   * Asks for one call of `due(id)` (timers.ts) after `ms`. It replaces what was asked for before; NEVER only takes that back.
   * @param ms a whole number, at least 0
   */
  wake(id: number, ms: number): void;
  /** Whether lines of a level are wanted: what is not is never rendered. */
  wants(level: number): boolean;
  /** @param level 1 error, 2 warn, 3 info, 4 debug */
  log(level: number, text: string): void;
  /** An error that nobody catches, such as one of a timer's callback: the actor ends. */
  fatal(error: unknown): void;
}

/** The host of this guest; attached before anything else runs. */
export let host: GuestHost;

export function attach(given: GuestHost): void {
  host = given;
}
