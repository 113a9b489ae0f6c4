// A restart under way: the children that it concerns, and when they may be started. What fails meanwhile joins it.
import type { Clock } from "./clock.js";

/** @typeParam C a child */
export class Repair<C> {
  readonly children = new Set<C>();
  readonly #clock: Clock;
  /** Not before, on the clock that never goes back; ms. */
  #notBefore = 0;
  /** Grows with everything that makes it begin anew. */
  #turn = 0;
  #woken!: Promise<void>;
  #wake!: () => void;
  /** Resolves when it is over. */
  over: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#renew();
  }

  get turn(): number {
    return this.#turn;
  }

  /** These have to be stopped, and started not before `time`. */
  join(children: readonly C[], time: number): void {
    for (const child of children) this.children.add(child);
    this.#notBefore = Math.max(this.#notBefore, time);
    this.wake();
  }

  /** It looks anew at what there is to do. */
  wake(): void {
    this.#turn++;
    this.#wake();
    this.#renew();
  }

  /** The child is not to come back. */
  leave(child: C): void {
    if (this.children.delete(child) && this.children.size === 0) this.wake();
  }

  /** Resolves when the children may be started, or when it is woken. */
  async waited(): Promise<void> {
    const ms = this.#notBefore - this.#clock.now();
    if (ms <= 0) return;
    let stop!: () => void;
    const rest = new Promise<void>((resolve) => (stop = this.#clock.after(ms, resolve)));
    await Promise.race([rest, this.#woken]);
    stop();
  }

  /** Settles as `work` does, or resolves when it is woken. */
  async unlessWoken(work: Promise<void>): Promise<void> {
    await Promise.race([work, this.#woken]);
  }

  #renew(): void {
    this.#woken = new Promise((resolve) => (this.#wake = resolve));
  }
}
