// Finds the globals of Node and of browsers that a bundle uses and a guest has not. esbuild knows which names are bound and
// which are free: it is told to write each missing name, where it is free, with another last letter. The script keeps its
// columns that way, and gets the true names back.
import { MISSING_GLOBALS } from "./missing.js";

/** A letter that no name in real code ends with (U+A78F). */
const LETTER = "\uA78F";

const markOf = (name: string): string => name.slice(0, -1) + LETTER;

const NAMES = new Map(Object.keys(MISSING_GLOBALS).map((name) => [markOf(name), name]));

/** For esbuild's option `define`. */
export const MARKS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(MISSING_GLOBALS).map((name) => [name, markOf(name)]),
);

/** A free use of a missing global, by its place in the script; both numbers from 1. */
export interface MissingUse {
  readonly name: string;
  readonly line: number;
  readonly column: number;
  /** `typeof name`: it asks, and does not use. */
  readonly asks: boolean;
}

/**
 * Takes the marks out of a script; tells where they were. What only asks whether a value is an instance of what is missing is answered:
 * it is none. Such a name keeps its mark, and is declared behind everything else, as a function that nobody calls.
 */
export function takeMarks(script: string): { readonly script: string; readonly uses: readonly MissingUse[] } {
  if (!script.includes(LETTER)) return { script, uses: [] };
  const uses: MissingUse[] = [];
  const asked = new Set<string>();
  const lines = script.split("\n").map((text, index) =>
    text.replace(new RegExp(`[\\w$]+${LETTER}`, "g"), (mark, offset: number) => {
      const name = NAMES.get(mark);
      if (name === undefined) return mark;
      if (/\binstanceof[\s(]*$/.test(text.slice(0, offset))) {
        asked.add(mark);
        return mark;
      }
      uses.push({
        name,
        line: index + 1,
        column: offset + 1,
        asks: /\btypeof[\s(]*$/.test(text.slice(0, offset)),
      });
      return name;
    }),
  );
  return { script: [...lines, ...[...asked].map((mark) => `function ${mark}(){}`)].join("\n"), uses };
}
