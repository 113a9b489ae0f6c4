// AbortController and AbortSignal. A signal made by `any` costs its sources nothing once nobody holds it or listens to it any more, and all
// signals of one abort have their reason before the first listener hears of it.
import { Event, EventTarget, hasListeners } from "./events.js";
import { setTimeout } from "./timers.js";

/** Who has it may make a signal. */
const KEY = Symbol("AbortSignal");

type Handler = ((this: AbortSignal, event: Event) => unknown) | null;

let abort: (signal: AbortSignal, reason: unknown) => void;

export class AbortSignal extends EventTarget {
  static {
    abort = (signal, reason) => signal.#abort(reason);
  }

  #aborted = false;
  #reason: unknown;
  #handler: Handler = null;
  /** Of `any`: what it follows. They hold it only while somebody listens to it. */
  #sources: AbortSignal[] | undefined;
  #followers: Set<WeakRef<AbortSignal>> | undefined;
  #listened: Set<AbortSignal> | undefined;
  /** As many followers call for a look at which of them are gone. */
  #crowd = 8;

  constructor(key?: unknown) {
    if (key !== KEY) throw new TypeError("Illegal constructor");
    super();
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  get reason(): unknown {
    return this.#reason;
  }

  get onabort(): Handler {
    return this.#handler;
  }

  set onabort(handler: unknown) {
    this.#handler = typeof handler === "function" ? (handler as Handler) : null;
    if (this.#handler === null) this.removeEventListener("abort", callHandler);
    else this.addEventListener("abort", callHandler);
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }

  override addEventListener(...args: Parameters<EventTarget["addEventListener"]>): void {
    super.addEventListener(...args);
    if (this.#sources === undefined || args[0] !== "abort") return;
    for (const source of this.#sources) (source.#listened ??= new Set()).add(this);
  }

  override removeEventListener(...args: Parameters<EventTarget["removeEventListener"]>): void {
    super.removeEventListener(...args);
    if (this.#sources === undefined || hasListeners(this, "abort")) return;
    for (const source of this.#sources) source.#listened?.delete(this);
  }

  override get [Symbol.toStringTag](): string {
    return "AbortSignal";
  }

  static abort(reason: unknown = aborted()): AbortSignal {
    const signal = new AbortSignal(KEY);
    signal.#aborted = true;
    signal.#reason = reason;
    return signal;
  }

  static timeout(ms: number): AbortSignal {
    if (typeof ms !== "number" || !(ms >= 0 && ms <= Number.MAX_SAFE_INTEGER))
      throw new RangeError(`AbortSignal.timeout: ${String(ms)} is not a time in ms`);
    const signal = new AbortSignal(KEY);
    setTimeout(() => signal.#abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")), ms);
    return signal;
  }

  static any(signals: Iterable<AbortSignal>): AbortSignal {
    const given = [...signals];
    for (const one of given)
      if (!(one instanceof AbortSignal)) throw new TypeError("AbortSignal.any: that is no AbortSignal");
    const over = given.find((one) => one.#aborted);
    if (over !== undefined) return AbortSignal.abort(over.#reason);
    const signal = new AbortSignal(KEY);
    // What others follow is followed directly.
    signal.#sources = [...new Set(given.flatMap((one) => one.#sources ?? [one]))];
    for (const source of signal.#sources) source.#follow(signal);
    return signal;
  }

  #follow(follower: AbortSignal): void {
    this.#followers ??= new Set();
    if (this.#followers.size >= this.#crowd) {
      for (const one of this.#followers) if (one.deref() === undefined) this.#followers.delete(one);
      this.#crowd = Math.max(8, 2 * this.#followers.size);
    }
    this.#followers.add(new WeakRef(follower));
  }

  #abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason;
    const reached: AbortSignal[] = [];
    for (const one of this.#followers ?? []) {
      const follower = one.deref();
      if (follower === undefined || follower.#aborted) continue;
      follower.#aborted = true;
      follower.#reason = reason;
      reached.push(follower);
    }
    this.#followers = undefined;
    this.dispatchEvent(new Event("abort"));
    for (const follower of reached) {
      follower.#leave();
      follower.dispatchEvent(new Event("abort"));
    }
    this.#listened = undefined;
  }

  /** Its sources need not hold it any longer. */
  #leave(): void {
    for (const source of this.#sources ?? []) source.#listened?.delete(this);
    this.#sources = undefined;
  }
}

export class AbortController {
  readonly #signal = new AbortSignal(KEY);

  get signal(): AbortSignal {
    return this.#signal;
  }

  abort(reason: unknown = aborted()): void {
    abort(this.#signal, reason);
  }

  get [Symbol.toStringTag](): string {
    return "AbortController";
  }
}

function callHandler(this: AbortSignal, event: Event): unknown {
  return this.onabort?.(event);
}

function aborted(): DOMException {
  return new DOMException("This operation was aborted", "AbortError");
}
