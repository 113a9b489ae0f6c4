// The host: an index that changes all the time, and whoever asks it. Light queries it answers itself, at once. Heavy ones are answered by forks
// of it, to which it offers the index, or for comparison by itself; it remembers what each of them was like.
import { offer, type Nursery } from "brood";
import { ask, type Answerer, type Asked } from "./ask.js";
import { indexOf, keepEditing } from "./editor.js";
import { findLight, type LightAnswer } from "./light.js";
import type { SourcePage } from "./pages.js";
import type { SearchIndex } from "./search-index.js";
// With it the actor's module is loaded here, and in every fork already.
import { INDEX } from "./searcher.js";

export interface HostOptions {
  readonly pages: readonly SourcePage[];
  /** From one edition of the index to the next, in ms. */
  readonly every: number;
  /** Told of every heavy query that was answered. */
  readonly onAsked: (asked: Asked) => void;
}

export interface Status {
  readonly edition: number;
  readonly pages: number;
  readonly words: number;
  readonly terms: number;
  /** JavaScript's heap, in bytes. */
  readonly heap: number;
  /** The last heavy queries, the newest first. */
  readonly asked: readonly Omit<Asked, "answer">[];
}

/** As many heavy queries as may be are being answered. */
export class Busy extends Error {
  override readonly name = "Busy";
}

/** Heavy queries that are answered at once. */
const AT_ONCE = 4;
/** Heavy queries that are remembered. */
const REMEMBERED = 12;

export class Host implements Disposable {
  readonly #index: SearchIndex;
  readonly #nursery: Nursery;
  readonly #onAsked: (asked: Asked) => void;
  readonly #offered: Disposable;
  readonly #editing: Disposable;
  #asked: Status["asked"] = [];
  #working = 0;

  /** @param nursery of its forks: one that reports deaths, as each is about one query only */
  constructor(nursery: Nursery, { pages, every, onAsked }: HostOptions) {
    this.#nursery = nursery;
    this.#onAsked = onAsked;
    this.#index = indexOf(pages, 1);
    this.#offered = offer(INDEX, this.#index);
    this.#editing = keepEditing(this.#index, pages, every);
  }

  get status(): Status {
    const { edition, pages, words, terms } = this.#index;
    const heap = process.memoryUsage().heapUsed;
    return { edition, pages: pages.size, words, terms: terms.size, heap, asked: this.#asked };
  }

  light(query: string): LightAnswer {
    return findLight(this.#index, query);
  }

  /**
   * @param by who is to answer
   * @param light address of a light request, for a reader who asks meanwhile
   * @param signal aborts when nobody waits for the answer any more
   * @throws Busy; Cancelled, ActorDied and kin
   */
  async heavy(query: string, by: Answerer, light: URL, signal: AbortSignal): Promise<Asked> {
    if (this.#working >= AT_ONCE)
      throw new Busy(`${AT_ONCE} heavy queries are being answered. Ask again when one of them has been.`);
    this.#working += 1;
    try {
      const asked = await ask(this.#nursery, this.#index, { query, by, light, signal });
      const { answer: _, ...figures } = asked;
      this.#asked = [figures, ...this.#asked].slice(0, REMEMBERED);
      this.#onAsked(asked);
      return asked;
    } finally {
      this.#working -= 1;
    }
  }

  /** Changes and offers its index no more. */
  [Symbol.dispose](): void {
    this.#editing[Symbol.dispose]();
    this.#offered[Symbol.dispose]();
  }
}
