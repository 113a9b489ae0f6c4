// What a pool counts. A call costs it two readings of the clock and a few additions.
import type { PoolMember } from "./pool-member.js";
import type { PoolStats } from "./pool-surface.js";

class Times {
  #count = 0;
  #sum = 0;
  #max = 0;

  add(ms: number): void {
    this.#count++;
    this.#sum += ms;
    if (ms > this.#max) this.#max = ms;
  }

  get sum(): number {
    return this.#sum;
  }
  get figures(): { mean: number; max: number } {
    return { mean: this.#count === 0 ? 0 : this.#sum / this.#count, max: this.#max };
  }
}

export class PoolFigures {
  calls = 0;
  failed = 0;
  refused = 0;
  replaced = 0;
  failedStarts = 0;
  readonly #since = performance.now();
  readonly #wait = new Times();
  readonly #run = new Times();

  /** A call waited so long, in ms. */
  waited(ms: number): void {
    this.#wait.add(ms);
  }

  /** A call ran so long, in ms. */
  ran(ms: number): void {
    this.#run.add(ms);
  }

  of(members: readonly PoolMember[], queued: number, size: number, concurrency: number): PoolStats {
    const { calls, failed, refused, replaced, failedStarts } = this;
    const ready = members.filter(({ status }) => status === "serving" || status === "spent");
    const busy = ready.filter(({ open }) => open > 0).length;
    return {
      size,
      actors: ready.length,
      busy,
      idle: ready.length - busy,
      starting: members.filter(({ status }) => status === "starting").length,
      queued,
      running: members.reduce((sum, { open }) => sum + open, 0),
      calls,
      failed,
      refused,
      replaced,
      failedStarts,
      utilisation: Math.min(1, this.#run.sum / ((performance.now() - this.#since) * size * concurrency)),
      waitTime: this.#wait.figures,
      runTime: this.#run.figures,
    };
  }
}
