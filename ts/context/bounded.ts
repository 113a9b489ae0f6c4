// The clocks of something that is asked of an actor: its deadline and its caller's signal. Each is told at most once, and neither
// after `unbind`.

/** What a caller may bound a call by. */
export interface Bounds {
  /** ms from now; undefined: none. */
  readonly deadline: number | undefined;
  /** The deadline that this is the rest of, and that an error names: part of it went by in a queue. Default: this. */
  readonly of?: number | undefined;
  readonly signal: AbortSignal | undefined;
}

export abstract class Bounded {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #signal: AbortSignal | undefined;
  #onAbort: (() => void) | undefined;

  /** The deadline passed. */
  protected abstract expired(deadline: number): void;
  /** The caller's signal aborted. */
  protected abstract aborted(reason: unknown): void;

  /** Starts the clocks. */
  protected bind(bounds: Bounds): void {
    if (bounds.deadline !== undefined) {
      const { deadline, of = deadline } = bounds;
      this.#timer = setTimeout(() => this.expired(of), deadline);
    }
    if (bounds.signal !== undefined) {
      const { signal } = bounds;
      const onAbort = (): void => this.aborted(signal.reason);
      this.#signal = signal;
      this.#onAbort = onAbort;
      signal.addEventListener("abort", onAbort, { once: true });
    }
  }

  /** Stops them. */
  protected unbind(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#signal !== undefined && this.#onAbort !== undefined)
      this.#signal.removeEventListener("abort", this.#onAbort);
    this.#signal = undefined;
    this.#onAbort = undefined;
  }
}
