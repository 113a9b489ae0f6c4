// A large heap as a program has it: a map of words to where they are found.

export interface Entry {
  readonly word: string;
  readonly places: number[];
}

export type BigIndex = Map<string, Entry>;

/** Places of each word. */
const PLACES = 8;
/** Words between two looks at the size. */
const LOOK = 1_000;

/** An index that takes about so many MB of heap. */
export function bigIndex(mb: number): BigIndex {
  gc?.();
  const before = process.memoryUsage().heapUsed;
  const index: BigIndex = new Map();
  for (let count = 0; count % LOOK !== 0 || process.memoryUsage().heapUsed - before < mb * 1e6; count++) {
    const word = wordOf(count);
    index.set(word, { word, places: Array.from({ length: PLACES }, (_, at) => count + at) });
  }
  gc?.();
  return index;
}

export const wordOf = (count: number): string => `word-${count}`;

/** Reads all of it. */
export function sumOf(index: BigIndex): number {
  let sum = 0;
  for (const { word, places } of index.values()) for (const place of places) sum = (sum + place + word.length) | 0;
  return sum;
}
