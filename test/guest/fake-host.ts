// A host of the prelude that keeps what it is told, for laws that run in Node. Text and randomness are real.
import { createHash } from "node:crypto";
import { TextDecoder, TextEncoder } from "node:util";
import type { GuestHost } from "#brood/actor/guest/host.js";

/** Everything that a guest has asked of it. */
export interface FakeHost extends GuestHost {
  live: boolean;
  /** Lines with a higher level are not wanted. */
  level: number;
  readonly wakes: { id: number; ms: number }[];
  readonly lines: { level: number; text: string }[];
  readonly errors: unknown[];
}

/** @param seed what its randomness is made of: another seed gives other bytes */
export function fakeHost(seed = "a host"): FakeHost {
  let drawn = 0;
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const host: FakeHost = {
    live: true,
    level: 4,
    wakes: [],
    lines: [],
    errors: [],
    encode(text) {
      mustLive("encode");
      if (/\p{Surrogate}/u.test(text)) throw new Error("the import traps: a lone surrogate");
      return encoder.encode(text);
    },
    decode(bytes) {
      mustLive("decode");
      if (!(bytes instanceof Uint8Array) && Object.prototype.toString.call(bytes) !== "[object Uint8Array]")
        throw new Error("the import traps: no Uint8Array");
      return decoder.decode(bytes);
    },
    randomBytes(length) {
      mustLive("randomBytes");
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at += 32)
        bytes.set(
          createHash("sha256")
            .update(`${seed} ${drawn++}`)
            .digest()
            .subarray(0, length - at),
          at,
        );
      return bytes;
    },
    wake(id, ms) {
      mustLive("wake");
      host.wakes.push({ id, ms });
    },
    wants: (level) => level <= host.level,
    log: (level, text) => void host.lines.push({ level, text }),
    fatal: (error) => void host.errors.push(error),
  };
  function mustLive(what: string): void {
    if (!host.live) throw new Error(`the build fails: ${what} was called`);
  }
  return host;
}
