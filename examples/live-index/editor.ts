// Changes the index all the time: with every edition the page that has been there longest goes, and one that was not there comes. Which pages an
// edition has follows from its number alone, so that anybody can build it again and compare.
import type { SourcePage } from "./pages.js";
import { SearchIndex } from "./search-index.js";

/** Pages that are left out of every edition. */
const OUT = 12;

/** The pages of an edition. */
function pagesOf(all: readonly SourcePage[], edition: number): SourcePage[] {
  return Array.from({ length: all.length - OUT }, (_, at) => pageAt(all, edition - 1 + at));
}

const pageAt = (all: readonly SourcePage[], at: number): SourcePage => all[at % all.length]!;

/** An index built anew. @param all more than a dozen pages @param edition from 1 */
export function indexOf(all: readonly SourcePage[], edition: number): SearchIndex {
  const index = new SearchIndex(edition - 1);
  index.edit({ add: pagesOf(all, edition) });
  return index;
}

/** Makes the next edition every `ms`, until what it returns is disposed of. */
export function keepEditing(index: SearchIndex, all: readonly SourcePage[], ms: number): Disposable {
  const timer = setInterval(() => {
    const gone = index.edition - 1;
    index.edit({ remove: [pageAt(all, gone).slug], add: [pageAt(all, gone + all.length - OUT)] });
  }, ms);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
