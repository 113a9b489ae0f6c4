// What a pool counts. A call costs it two readings of the clock, two logarithms and a few additions, and a pool never more than a few KiB.
import type { PoolMember } from "./pool-member.js";
import type { PoolStats, PoolTimes } from "./pool-surface.js";

/** Times are counted by their size: from 1 µs on so many steps for each doubling, which makes a percentile right to 4 %. */
const STEPS = 16;
const DOUBLINGS = 32;
const SHORTEST = 2 ** -10;

export class Times {
  readonly #counts = new Uint32Array(STEPS * DOUBLINGS);
  #count = 0;
  #sum = 0;
  #max = 0;

  add(ms: number): void {
    this.#count++;
    this.#sum += ms;
    if (ms > this.#max) this.#max = ms;
    const step = Math.floor(STEPS * Math.log2(Math.max(ms, SHORTEST) / SHORTEST));
    this.#counts[Math.min(step, this.#counts.length - 1)]!++;
  }

  get sum(): number {
    return this.#sum;
  }
  get figures(): PoolTimes {
    const mean = this.#count === 0 ? 0 : this.#sum / this.#count;
    return { mean, p50: this.#percentile(0.5), p99: this.#percentile(0.99), max: this.#max };
  }

  /** The least time of which so many (0 to 1) are no longer; never more than the longest. */
  #percentile(part: number): number {
    const rank = Math.ceil(part * this.#count);
    let seen = 0;
    for (let step = 0; step < this.#counts.length - 1 && seen < rank; step++) {
      seen += this.#counts[step]!;
      if (seen >= rank) return Math.min(this.#max, SHORTEST * 2 ** ((step + 1) / STEPS));
    }
    return this.#max;
  }
}

export class PoolFigures {
  calls = 0;
  failed = 0;
  refused = 0;
  replaced = 0;
  died = 0;
  started = 0;
  failedStarts = 0;
  readonly #since = performance.now();
  readonly #wait = new Times();
  readonly #run = new Times();
  readonly #start = new Times();

  countDeath(): void {
    this.replaced++;
    this.died++;
  }

  /** A call waited so long, in ms. */
  waited(ms: number): void {
    this.#wait.add(ms);
  }

  /** A call ran so long, in ms. */
  ran(ms: number): void {
    this.#run.add(ms);
  }

  /** An actor was ready so long after it was asked for, in ms. */
  began(ms: number): void {
    this.started++;
    this.#start.add(ms);
  }

  of(members: readonly PoolMember[], queued: number, size: number, concurrency: number): PoolStats {
    const { calls, failed, refused, replaced, died, started, failedStarts } = this;
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
      died,
      started,
      failedStarts,
      utilisation: Math.min(1, this.#run.sum / ((performance.now() - this.#since) * size * concurrency)),
      waitTime: this.#wait.figures,
      runTime: this.#run.figures,
      startTime: this.#start.figures,
    };
  }
}
