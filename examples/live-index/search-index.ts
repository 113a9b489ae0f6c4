// A full-text index: every word of every page with its place, as an ordinary graph of objects that refer to each other. It changes by
// whole editions: an edit is made within one turn of the event loop, so neither a reader nor a fork ever meets half of one.
import type { SourcePage } from "./pages.js";

/** A word of the language of all pages, in lower case, and where it stands. */
export interface Term {
  readonly text: string;
  /** Its positions in each page that has it, ascending: indexes of `IndexedPage.words`. */
  readonly postings: Map<IndexedPage, number[]>;
}

/** A word in its place. */
export interface Word {
  readonly term: Term;
  /** Index of `IndexedPage.lines`. */
  readonly line: number;
  /** Of its first character, from 0. */
  readonly column: number;
}

export interface Line {
  readonly text: string;
  /** In lower case, letter for letter. */
  readonly folded: string;
}

export interface IndexedPage {
  readonly slug: string;
  readonly name: string;
  readonly version: string;
  /** Its name, its description, and its text. */
  readonly lines: readonly Line[];
  /** In their order. */
  readonly words: readonly Word[];
}

export interface Edit {
  /** Slugs of pages; one that is not there is passed over. */
  readonly remove?: readonly string[];
  /** A page whose slug is there already takes its place. */
  readonly add?: readonly SourcePage[];
}

export class SearchIndex {
  /** By slug. */
  readonly pages = new Map<string, IndexedPage>();
  /** By text. */
  readonly terms = new Map<string, Term>();
  #edition: number;
  #words = 0;

  /** Empty. @param edition its number; that of the first edit is one higher */
  constructor(edition = 0) {
    this.#edition = edition;
  }

  /** Goes up by one with every edit. */
  get edition(): number {
    return this.#edition;
  }

  /** Words of all pages. */
  get words(): number {
    return this.#words;
  }

  /** Makes the next edition. */
  edit({ remove = [], add = [] }: Edit): void {
    for (const slug of remove) this.#remove(slug);
    for (const page of add) {
      this.#remove(page.slug);
      this.#add(page);
    }
    this.#edition += 1;
  }

  #add({ slug, name, version, description, text }: SourcePage): void {
    const lines = [name, description, ...text.split(/\r?\n/)].map((text) => ({ text, folded: folded(text) }));
    const words: Word[] = [];
    const page: IndexedPage = { slug, name, version, lines, words };
    for (const [line, { folded }] of lines.entries()) {
      for (const { text, column } of wordsOf(folded)) {
        const term = this.#term(text);
        const positions = term.postings.get(page);
        if (positions === undefined) term.postings.set(page, [words.length]);
        else positions.push(words.length);
        words.push({ term, line, column });
      }
    }
    this.pages.set(slug, page);
    this.#words += words.length;
  }

  #term(text: string): Term {
    const known = this.terms.get(text);
    if (known !== undefined) return known;
    const term: Term = { text, postings: new Map() };
    this.terms.set(text, term);
    return term;
  }

  #remove(slug: string): void {
    const page = this.pages.get(slug);
    if (page === undefined) return;
    for (const { term } of page.words) {
      term.postings.delete(page);
      if (term.postings.size === 0) this.terms.delete(term.text);
    }
    this.pages.delete(slug);
    this.#words -= page.words.length;
  }
}

/** In lower case; as it is where that would take more letters or fewer. */
export function folded(line: string): string {
  const lower = line.toLowerCase();
  return lower.length === line.length ? lower : line;
}

/** Runs of letters and digits. @param folded in lower case */
export function* wordsOf(folded: string): Generator<{ readonly text: string; readonly column: number }> {
  for (const { 0: text, index } of folded.matchAll(/[\p{L}\p{N}]+/gu)) yield { text, column: index };
}
