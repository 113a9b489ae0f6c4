// Time that passes when a test says so. What is due runs in the order in which it is due, what is due at once in the order in which it was
// set, and everything that one callback has made ready to run is over before the next one runs: as with Node's own timers.
// It stands in for them where something takes its clock from outside, and by `install` where something takes the global one.

// Those of the runtime, also while a clock is installed.
const turn = setImmediate;

interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** What `setTimeout` gives: enough of Node's to be passed to `clearTimeout`. */
export class VirtualTimer {
  #referenced = true;

  ref(): this {
    this.#referenced = true;
    return this;
  }
  unref(): this {
    this.#referenced = false;
    return this;
  }
  hasRef(): boolean {
    return this.#referenced;
  }
}

export class VirtualClock {
  readonly #due = new Map<VirtualTimer, Due>();
  #now = 0;
  #order = 0;

  /** ms since it was made. */
  readonly now = (): number => this.#now;

  /** Timers that have not run. */
  get pending(): number {
    return this.#due.size;
  }

  /** As the global function; what is no time is 1 ms, as there. */
  readonly setTimeout = <A extends unknown[]>(run: (...args: A) => void, ms = 1, ...args: A): VirtualTimer => {
    const timer = new VirtualTimer();
    const after = ms >= 1 && ms <= 0x7fffffff ? ms : 1;
    this.#due.set(timer, { at: this.#now + after, order: this.#order++, run: () => run(...args) });
    return timer;
  };

  /** As the global function; what is no timer of this clock is ignored. */
  readonly clearTimeout = (timer: unknown): void => {
    if (timer instanceof VirtualTimer) this.#due.delete(timer);
  };

  /** Lets time pass, and runs what falls due in it, also what that sets. Resolves when all that this has made ready to run is over. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const [timer, due] = this.#next() ?? [];
      if (timer === undefined || due === undefined || due.at > end) break;
      this.#due.delete(timer);
      this.#now = due.at;
      due.run();
      await new Promise((resolve) => turn(resolve));
    }
    this.#now = end;
    await new Promise((resolve) => turn(resolve));
  }

  /** Puts it in the place of the global timers, which what it is not meant for uses as well. @returns what puts them back */
  install(): () => void {
    const own = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
    Object.assign(globalThis, { setTimeout: this.setTimeout, clearTimeout: this.clearTimeout });
    return () => void Object.assign(globalThis, own);
  }

  #next(): [VirtualTimer, Due] | undefined {
    let first: [VirtualTimer, Due] | undefined;
    for (const one of this.#due) {
      const [at, order] = [one[1].at, one[1].order];
      if (first === undefined || at < first[1].at || (at === first[1].at && order < first[1].order)) first = one;
    }
    return first;
  }
}
