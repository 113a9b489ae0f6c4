// The light query, which the index is made for: the pages that have all of some words, the last of which may be unfinished. It takes about a
// millisecond, so the host answers it itself.
import { excerpt, type Excerpt } from "./excerpt.js";
import { folded, wordsOf, type IndexedPage, type SearchIndex, type Term } from "./search-index.js";

export interface LightAnswer {
  /** Of the index when it was asked. */
  readonly edition: number;
  /** How many pages have all the words. */
  readonly pages: number;
  /** The best of them. */
  readonly hits: readonly LightHit[];
}

export interface LightHit {
  readonly name: string;
  readonly version: string;
  /** Where the first of the words stands first. */
  readonly excerpt: Excerpt;
}

/** How many pages are shown. */
const SHOWN = 6;

/** A query without a word finds nothing. */
export function findLight(index: SearchIndex, query: string): LightAnswer {
  const asked = [...wordsOf(folded(query))].map(({ text }) => text);
  const groups = asked.map((text, at) => (at === asked.length - 1 ? beginningWith(index, text) : exactly(index, text)));
  const found = pagesWithAll(groups).map((page) => ({ page, score: scoreOf(index, groups, page) }));
  found.sort((one, other) => other.score - one.score || (one.page.slug < other.page.slug ? -1 : 1));
  const hits = found.slice(0, SHOWN).map(({ page }) => hitOf(groups, page));
  return { edition: index.edition, pages: found.length, hits };
}

const exactly = ({ terms }: SearchIndex, text: string): Term[] => [terms.get(text) ?? []].flat();
const beginningWith = ({ terms }: SearchIndex, text: string): Term[] =>
  [...terms.values()].filter((term) => term.text.startsWith(text));

function pagesWithAll(groups: readonly (readonly Term[])[]): IndexedPage[] {
  const [first = [], ...others] = groups;
  const pages = new Set(first.flatMap((term) => [...term.postings.keys()]));
  return [...pages].filter((page) => others.every((group) => group.some((term) => term.postings.has(page))));
}

/** The more often a page has the words, and the fewer other pages do, the better. */
function scoreOf({ pages }: SearchIndex, groups: readonly (readonly Term[])[], page: IndexedPage): number {
  let score = 0;
  for (const term of groups.flat()) {
    const times = term.postings.get(page)?.length ?? 0;
    score += (times / (times + 2)) * Math.log(1 + pages.size / term.postings.size);
  }
  return score;
}

function hitOf([first = []]: readonly (readonly Term[])[], page: IndexedPage): LightHit {
  const there = first.filter((term) => term.postings.has(page));
  const shortest = there.reduce((one, other) => (other.text.length < one.text.length ? other : one));
  const { line, column } = page.words[shortest.postings.get(page)![0]!]!;
  const { name, version } = page;
  return { name, version, excerpt: excerpt(page.lines[line]!.text, column, column + shortest.text.length) };
}
