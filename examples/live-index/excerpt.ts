// A line of a page, cut around what was found in it: plain text in three pieces, for whoever shows it to mark the middle one.

export interface Excerpt {
  readonly before: string;
  readonly found: string;
  readonly after: string;
}

/** Characters on either side. */
const AROUND = 70;

/** @param end the first character that is no longer part of it */
export function excerpt(line: string, start: number, end: number): Excerpt {
  const before = line.slice(0, start).trimStart();
  const after = line.slice(end).trimEnd();
  return {
    before: before.length > AROUND ? `…${before.slice(-AROUND)}` : before,
    found: line.slice(start, end),
    after: after.length > AROUND ? `${after.slice(0, AROUND)}…` : after,
  };
}
