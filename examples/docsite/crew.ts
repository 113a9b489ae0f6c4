// A fixed number of actors of one kind, used for many pages. Each works on one page at a time; who comes later waits in line.
// An actor that ended is replaced before the next page. A page is given up only if it broke a limit, or if two actors in turn ended over it.
import type { ActorSource, Nursery, Portal } from "brood";
import { failureOf, isLimit } from "./failure.js";
import type { Part } from "./page.js";

export interface CrewOptions {
  /** Names its actors, as `renderer-1`. */
  readonly name: string;
  readonly size: number;
  /** Wall time for one page, in ms. */
  readonly deadline: number;
  /** Heap of one actor, in MiB. */
  readonly heap: number;
}

/** One start of an actor. */
export interface Start {
  readonly method: string;
  /** From asked for to ready, in ms. */
  readonly ms: number;
}

export class Crew<E> {
  readonly starts: Start[] = [];
  readonly #idle: Portal<E>[] = [];
  readonly #line: ((portal: Portal<E>) => void)[] = [];
  readonly #nursery: Nursery;
  readonly #source: ActorSource<E>;
  readonly #options: CrewOptions;
  #named = 0;

  private constructor(nursery: Nursery, source: ActorSource<E>, options: CrewOptions) {
    this.#nursery = nursery;
    this.#source = source;
    this.#options = options;
  }

  /** Resolves when all are ready. */
  static async assemble<E>(nursery: Nursery, source: ActorSource<E>, options: CrewOptions): Promise<Crew<E>> {
    const crew = new Crew(nursery, source, options);
    await Promise.all(Array.from({ length: options.size }, async () => crew.#release(await crew.#start())));
    return crew;
  }

  /** Gives work to the next free actor. Failures of the work are returned; only the end of the whole run throws. */
  async do<R>(work: (portal: Portal<E>) => Promise<R>): Promise<Part<R>> {
    for (let attempt = 1; ; attempt += 1) {
      const portal = await this.#acquire();
      try {
        return { ok: true, value: await work(portal.with({ deadline: this.#options.deadline })) };
      } catch (error) {
        // Who missed a deadline is not waited for: brood kills it if it does not hear the cancel, and this waits until it is gone.
        if (isLimit(error)) await portal.close();
        const failure = failureOf(error, portal.status === "running" ? undefined : await portal.exited);
        if (failure === undefined) throw error;
        if (portal.status === "running" || isLimit(error) || attempt === 2) return { ok: false, failure };
      } finally {
        this.#release(portal);
      }
    }
  }

  async #acquire(): Promise<Portal<E>> {
    const portal = this.#idle.shift() ?? (await new Promise<Portal<E>>((resolve) => this.#line.push(resolve)));
    return portal.status === "running" ? portal : this.#start();
  }

  #release(portal: Portal<E>): void {
    const next = this.#line.shift();
    if (next === undefined) this.#idle.push(portal);
    else next(portal);
  }

  async #start(): Promise<Portal<E>> {
    const { name, heap } = this.#options;
    const began = performance.now();
    const portal = await this.#nursery.start(this.#source, {
      name: `${name}-${++this.#named}`,
      // A busy machine may take its time: there is no haste that would be worth the whole run.
      startTimeout: 60_000,
      execArgv: [`--max-old-space-size=${heap}`],
      // What an actor says on its way out belongs on the page, where its error brings it, and not between progress lines.
      stdio: "ignore",
    });
    this.starts.push({ method: portal.spawnMethod, ms: performance.now() - began });
    return portal;
  }
}
