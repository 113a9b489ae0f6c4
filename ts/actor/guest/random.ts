// Math.random and crypto from the host's randomness. The engine's own generator is part of the snapshot, so all instances would draw the same
// numbers; ours is seeded by the host at the first draw of each instance. While the actor is built Math.random has a fixed seed,
// and crypto refuses: what it gives would be everybody's.
import { host } from "./host.js";

/** The state of sfc32: three words and a counter. */
const state = new Uint32Array(4);
let seeded: "no" | "for the build" | "by the host" = "no";

/** A number in [0, 1) of 53 random bits. */
export function random(): number {
  if (seeded !== "by the host") seed();
  return ((draw() >>> 5) * 0x400_0000 + (draw() >>> 6)) / 2 ** 53;
}

type IntegerView =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** As the Web Cryptography API bounds one call. */
const MAX_BYTES = 65_536;

export const crypto = {
  getRandomValues<T extends IntegerView>(view: T): T {
    if (
      !ArrayBuffer.isView(view) ||
      view instanceof DataView ||
      Object.prototype.toString.call(view).startsWith("[object Float")
    )
      throw new DOMException("The data argument must be an integer-type TypedArray", "TypeMismatchError");
    if (view.byteLength > MAX_BYTES)
      throw new DOMException(
        `The requested length exceeds ${MAX_BYTES} bytes: it has ${view.byteLength}`,
        "QuotaExceededError",
      );
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength).set(bytes("getRandomValues", view.byteLength));
    return view;
  },

  randomUUID(): string {
    const sixteen = bytes("randomUUID", 16);
    sixteen[6] = ((sixteen[6] as number) & 0x0f) | 0x40;
    sixteen[8] = ((sixteen[8] as number) & 0x3f) | 0x80;
    let text = "";
    for (let i = 0; i < 16; i++) {
      if (i === 4 || i === 6 || i === 8 || i === 10) text += "-";
      text += ((sixteen[i] as number) + 0x100).toString(16).slice(1);
    }
    return text;
  },

  get [Symbol.toStringTag](): string {
    return "Crypto";
  },
};

function bytes(who: string, length: number): Uint8Array {
  if (!host.live)
    throw new Error(
      `crypto.${who} was called while the actor was built: all its instances would share what it gives. Call it in setup() or in an endpoint`,
    );
  return length === 0 ? new Uint8Array(0) : host.randomBytes(length);
}

function seed(): void {
  if (host.live) {
    const entropy = host.randomBytes(12);
    const view = new DataView(entropy.buffer, entropy.byteOffset, 12);
    for (let i = 0; i < 3; i++) state[i] = view.getUint32(4 * i, true);
    seeded = "by the host";
  } else if (seeded === "no") {
    state.set([0x62726f6f, 0x6f640a01, 0x5eed5eed]);
    seeded = "for the build";
  } else return;
  state[3] = 1;
  for (let i = 0; i < 12; i++) draw();
}

/** Chris Doty-Humphrey's small fast counter generator of PractRand: 32 bits. */
function draw(): number {
  const [a, b, c, count] = state as unknown as [number, number, number, number];
  const sum = a + b + count;
  state[0] = b ^ (b >>> 9);
  state[1] = c + (c << 3);
  state[2] = ((c << 21) | (c >>> 11)) + sum;
  state[3] = count + 1;
  return sum >>> 0;
}
