// Actors of one kind, of which so many work at once, each on one page at a time; who comes later waits in line. Either an actor is used for
// page after page and replaced when it has ended, or each page has an actor of its own, which ends with it. A page is given up only
// if it broke a limit, or if two actors in turn ended over it.
import type { Portal } from "brood";
import { failureOf, isLimit } from "./failure.js";
import type { Part } from "./page.js";

export interface CrewOptions<E> {
  /** How many work at once. */
  readonly size: number;
  /** Pages for one actor: `many`, or `one`. */
  readonly pages: "many" | "one";
  /** Wall time for one page, in ms. */
  readonly deadline: number;
  /** Starts the nth actor (from 1), for an input of so many bytes; 0 if it is not known yet. */
  readonly start: (n: number, bytes: number) => Promise<Portal<E>>;
}

/** One start of an actor. */
export interface Start {
  readonly method: string;
  /** From asked for to ready, in ms. */
  readonly ms: number;
}

export class Crew<E> {
  readonly starts: Start[] = [];
  /** How long each page took that was done, in ms. */
  readonly works: number[] = [];
  /** Places that nobody has, with the actors that wait there. */
  readonly #free: (Portal<E> | undefined)[] = [];
  readonly #line: ((portal: Portal<E> | undefined) => void)[] = [];
  readonly #options: CrewOptions<E>;
  #started = 0;

  private constructor(options: CrewOptions<E>) {
    this.#options = options;
  }

  /** Resolves when all that are kept are ready. */
  static async assemble<E>(options: CrewOptions<E>): Promise<Crew<E>> {
    const crew = new Crew(options);
    const places = Array.from({ length: options.size });
    crew.#free.push(...(await Promise.all(places.map(() => (options.pages === "many" ? crew.#start(0) : undefined)))));
    return crew;
  }

  /** Its actors that wait for the next page. */
  get kept(): readonly Portal<E>[] {
    return this.#free.filter((portal) => portal !== undefined);
  }

  /**
   * Gives work to the next free actor. Failures of the work are returned; only the end of the whole run throws.
   * @param bytes size of the input
   */
  async do<R>(work: (portal: Portal<E>) => Promise<R>, bytes = 0): Promise<Part<R>> {
    let waiting = this.#free.length > 0 ? this.#free.shift() : await this.#turn();
    try {
      for (let attempt = 1; ; attempt += 1) {
        const portal = waiting?.status === "running" ? waiting : await this.#start(bytes);
        waiting = portal;
        const began = performance.now();
        try {
          const value = await work(portal.with({ deadline: this.#options.deadline }));
          this.works.push(performance.now() - began);
          return { ok: true, value };
        } catch (error) {
          // Who missed a deadline is not waited for: brood kills it if it does not hear the cancel, and this waits until it is gone.
          if (isLimit(error)) await portal.close();
          const failure = failureOf(error, portal.status === "running" ? undefined : await portal.exited);
          if (failure === undefined) throw error;
          if (portal.status === "running" || isLimit(error) || attempt === 2) return { ok: false, failure };
        }
      }
    } finally {
      if (this.#options.pages === "one") {
        await waiting?.close();
        waiting = undefined;
      }
      this.#leave(waiting);
    }
  }

  #turn(): Promise<Portal<E> | undefined> {
    return new Promise((resolve) => this.#line.push(resolve));
  }

  #leave(portal: Portal<E> | undefined): void {
    const next = this.#line.shift();
    if (next === undefined) this.#free.push(portal);
    else next(portal);
  }

  async #start(bytes: number): Promise<Portal<E>> {
    this.#started += 1;
    const portal = await this.#options.start(this.#started, bytes);
    this.starts.push({ method: portal.spawnMethod, ms: portal.stats.startTime });
    return portal;
  }
}
