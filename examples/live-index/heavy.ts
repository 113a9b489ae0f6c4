// The heavy query, with which no index helps: where is something written that is nearly the query, with letters wrong, missing, added or
// swapped? Every character of every page is compared, which takes hundreds of milliseconds of nothing but computing. The answer is plain data and
// depends on the pages only, not on the order in which they came.
import { excerpt, type Excerpt } from "./excerpt.js";
import { folded, type IndexedPage, type SearchIndex, type Term } from "./search-index.js";

export interface HeavyAnswer {
  /** Of the index that was searched. */
  readonly edition: number;
  /** Lines that have it, and how many pages they are of. */
  readonly places: number;
  readonly pages: number;
  /** The best of these pages: the fewest errors first, then the most places. */
  readonly hits: readonly HeavyHit[];
  /** Words that stand near it much more often than elsewhere. */
  readonly company: readonly string[];
}

export interface HeavyHit {
  readonly name: string;
  readonly version: string;
  /** Lines of this page that have it. */
  readonly places: number;
  /** The best of them, and its letters that are wrong, missing, added or swapped. */
  readonly excerpt: Excerpt;
  readonly errors: number;
}

/** The lines of a page that have it. */
interface PageFound {
  readonly page: IndexedPage;
  readonly places: readonly Place[];
  /** Of the places the first with the fewest errors. */
  readonly best: Place;
}

interface Place {
  readonly line: number;
  readonly match: Match;
}

interface Match {
  readonly errors: number;
  readonly start: number;
  /** The first character after it. */
  readonly end: number;
}

/** Longest query, in characters. */
export const LONGEST = 60;
/** How many pages are shown, and how many words of their company. */
const [SHOWN, COMPANY] = [6, 8];
/** Words on either side that count as near. */
const NEAR = 6;
/** A word that more than one of so many pages has is in everybody's company. */
const RARE = 4;

const LETTER = /[\p{L}\p{N}]/u;

/** Of so many characters of the query one may be wrong. */
const PER_ERROR = 4;

/** @param query 1 to `LONGEST` characters */
export function findHeavy(index: SearchIndex, query: string): HeavyAnswer {
  const pattern = folded(query);
  const allowed = Math.floor(pattern.length / PER_ERROR);
  const columns: Columns = [column(), column(), column()];
  const found: PageFound[] = [];
  for (const page of index.pages.values()) {
    const places: Place[] = [];
    page.lines.forEach(({ folded }, line) => {
      const match = nearest(pattern, folded, allowed, columns);
      if (match !== undefined) places.push({ line, match });
    });
    const [best] = [...places].sort((one, other) => one.match.errors - other.match.errors || one.line - other.line);
    if (best !== undefined) found.push({ page, places, best });
  }
  found.sort(
    (one, other) =>
      one.best.match.errors - other.best.match.errors ||
      other.places.length - one.places.length ||
      compare(one.page.slug, other.page.slug),
  );
  return {
    edition: index.edition,
    places: found.reduce((sum, { places }) => sum + places.length, 0),
    pages: found.length,
    hits: found.slice(0, SHOWN).map(hitOf),
    company: companyOf(index, found),
  };
}

function hitOf({ page, places, best: { line, match } }: PageFound): HeavyHit {
  const { name, version, lines } = page;
  const { errors, start, end } = match;
  return { name, version, places: places.length, excerpt: excerpt(lines[line]!.text, start, end), errors };
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/**
 * The piece of `text` that takes the fewest edits to become `pattern`, the first of several; undefined where all take more than
 * `allowed`. Sellers' algorithm, with a swap of neighbours as one edit: for every prefix of the pattern the best piece that ends at
 * a character follows from those that end at the two characters before. The columns are the caller's: in a fork, what is written once
 * for every line is copied once.
 */
function nearest(pattern: string, text: string, allowed: number, columns: Columns): Match | undefined {
  const length = pattern.length;
  if (text.length < length - allowed) return undefined;
  let [older, old, now] = columns;
  // Before the first character: of every prefix all is missing.
  for (let row = 0; row <= length; row += 1) {
    old.errors[row] = row;
    old.starts[row] = 0;
  }
  let best: Match | undefined;
  for (let at = 1; at <= text.length; at += 1) {
    now.errors[0] = 0;
    now.starts[0] = at;
    const letter = text.charCodeAt(at - 1);
    for (let row = 1; row <= length; row += 1) {
      const wanted = pattern.charCodeAt(row - 1);
      let errors = old.errors[row - 1]! + (letter === wanted ? 0 : 1);
      let start = old.starts[row - 1]!;
      if (now.errors[row - 1]! + 1 < errors) {
        errors = now.errors[row - 1]! + 1;
        start = now.starts[row - 1]!;
      }
      if (old.errors[row]! + 1 < errors) {
        errors = old.errors[row]! + 1;
        start = old.starts[row]!;
      }
      const swapped = at > 1 && row > 1 && letter === pattern.charCodeAt(row - 2) && wanted === text.charCodeAt(at - 2);
      if (swapped && older.errors[row - 2]! + 1 < errors) {
        errors = older.errors[row - 2]! + 1;
        start = older.starts[row - 2]!;
      }
      now.errors[row] = errors;
      now.starts[row] = start;
    }
    const errors = now.errors[length]!;
    const start = now.starts[length]!;
    // A match that stops in the middle of a word may go on, where that is no worse.
    const longer = best?.errors === errors && best.start === start && LETTER.test(text.charAt(best.end));
    if (errors <= allowed && (best === undefined || errors < best.errors || longer)) best = { errors, start, end: at };
    [older, old, now] = [old, now, older];
  }
  return best;
}

/** For each prefix of the pattern, by its length: the errors of the best piece that ends at a character, and where that begins. */
interface Column {
  readonly errors: Uint8Array;
  readonly starts: Uint32Array;
}
type Columns = readonly [Column, Column, Column];

const column = (): Column => ({ errors: new Uint8Array(LONGEST + 1), starts: new Uint32Array(LONGEST + 1) });

/** What stands near often, and is rare elsewhere; without what was found itself. */
function companyOf({ pages }: SearchIndex, found: readonly PageFound[]): string[] {
  const near = new Map<Term, number>();
  const itself = new Set<Term>();
  for (const { page, places } of found) {
    for (const place of places) {
      const [first, last] = wordsAt(page, place);
      for (const { term } of page.words.slice(first, last)) itself.add(term);
      const around = [...page.words.slice(Math.max(0, first - NEAR), first), ...page.words.slice(last, last + NEAR)];
      for (const { term } of around) near.set(term, (near.get(term) ?? 0) + 1);
    }
  }
  const rare = pages.size / RARE;
  return [...near]
    .filter(([term, times]) => times > 1 && term.text.length > 2 && term.postings.size < rare && !itself.has(term))
    .map(([{ text, postings }, times]) => ({ text, weight: times * Math.log(pages.size / postings.size) }))
    .sort((one, other) => other.weight - one.weight || compare(one.text, other.text))
    .slice(0, COMPANY)
    .map(({ text }) => text);
}

/** The words that a place touches: the index of the first, and of the one after the last. */
function wordsAt({ words }: IndexedPage, { line, match: { start, end } }: Place): [number, number] {
  const first = words.findIndex(
    (word) => word.line > line || (word.line === line && word.column + word.term.text.length > start),
  );
  if (first === -1) return [words.length, words.length];
  const last = words.findIndex((word, at) => at >= first && (word.line > line || word.column >= end));
  return [first, last === -1 ? words.length : last];
}
