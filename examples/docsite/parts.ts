// The parts of a page, each made by its team at the same time as the others. A page that ends its actor is told why; one whose actor
// somebody else has ended is made again.
import type { Pool, PoolCalls, PoolStats } from "brood";
import { memoryOfProcess } from "./alone.js";
import { failureIn } from "./failure.js";
import type { Page, Part } from "./page.js";
import { SHORT, type Teams } from "./teams.js";
import { isAccident, tryWork } from "./tries.js";

/** What a page is made of. */
export interface Material {
  /** The directory of the package. */
  readonly dir: string;
  /** Its README; undefined if it has none. */
  readonly markdown: string | undefined;
}

export type Parts = Pick<Page, "readme" | "counts" | "api">;

/** What a team has done. */
export interface TeamFigures {
  readonly method: string;
  readonly stats: PoolStats;
  /** Pieces of work that were done again, since somebody else had ended the actor. */
  readonly again: number;
  /** Of one of its actors now, in bytes; undefined where it has no processes, or the system does not tell. */
  readonly memory: number | undefined;
}
export type Figures = { readonly [T in keyof Teams]: TeamFigures };

/** Wall time for one part, in ms, the wait for an actor included. The slowest takes a few seconds on a busy machine. */
const DEADLINE = 60_000;

export class PartsMaker {
  readonly #teams: Teams;
  readonly #again = { short: 0, long: 0, counters: 0, describers: 0 };
  readonly #describing: string;

  constructor(teams: Teams) {
    this.#teams = teams;
    this.#describing = teams.describers.children[0]?.spawnMethod ?? "exec";
  }

  /** @param signal aborts when the pages are not wanted any more */
  async make({ dir, markdown }: Material, signal: AbortSignal): Promise<Parts> {
    const [readme, counts, api] = await Promise.all([
      markdown === undefined ? undefined : this.#render(markdown, signal),
      markdown === undefined ? undefined : this.#count(markdown, signal),
      this.#work("describers", signal, (describers) => describers.call("describe", dir)),
    ]);
    return { readme, counts, api };
  }

  get figures(): Figures {
    const { short, long, counters, describers } = this.#teams;
    const sizes = describers.children.map(memoryOfProcess).filter((size) => size !== undefined);
    const size = sizes.length === 0 ? undefined : sizes.reduce((sum, each) => sum + each, 0) / sizes.length;
    const again = this.#again;
    return {
      short: { method: "wasm", stats: short.stats, again: again.short, memory: undefined },
      long: { method: "wasm", stats: long.stats, again: again.long, memory: undefined },
      counters: { method: "wasm", stats: counters.stats, again: again.counters, memory: undefined },
      describers: { method: this.#describing, stats: describers.stats, again: again.describers, memory: size },
    };
  }

  #render(markdown: string, signal: AbortSignal): Promise<Part<string>> {
    const team = Buffer.byteLength(markdown) <= SHORT ? "short" : "long";
    return this.#work(team, signal, (renderers) => renderers.call("render", markdown));
  }

  async #count(markdown: string, signal: AbortSignal): Promise<Page["counts"]> {
    const part = await this.#work("counters", signal, (counters) =>
      counters.call("brood:docsite/renderer#count", markdown),
    );
    if (!part.ok) return part;
    const [words, headings, codeBlocks] = part.value;
    return { ok: true, value: { words, headings, codeBlocks } };
  }

  #work<T extends keyof Teams, R>(
    team: T,
    signal: AbortSignal,
    work: (calls: Bounded<Teams[T]>) => Promise<R>,
  ): Promise<Part<R>> {
    const pool: Pool<any> = this.#teams[team];
    return tryWork(() => work(pool.with({ deadline: DEADLINE, signal }) as Bounded<Teams[T]>), {
      signal,
      failureOf: (error) => failureIn(pool, error),
      isAccident,
      again: () => (this.#again[team] += 1),
    });
  }
}

type Bounded<P> = P extends Pool<infer E> ? PoolCalls<E> : never;
