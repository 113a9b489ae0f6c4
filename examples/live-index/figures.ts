// What heavy queries were like, in words and columns: for the terminal, as they happen and as a closing table.
import { colours } from "../docsite/colours.js";
import type { Asked } from "./ask.js";

/** Heads of the columns, each as wide as what stands below it needs. */
const COLUMNS = [
  ["query", 26],
  ["by", 4],
  ["edition", 10],
  ["places", 6],
  ["fork", 8],
  ["pause", 8],
  ["search", 8],
  ["shared", 8],
  ["own", 8],
  ["light", 5],
  ["slowest", 8],
] as const;
/** So many of them are texts, and stand to the left. */
const TEXTS = 2;

const line = (cells: readonly string[]): string =>
  cells
    .map((cell, at) =>
      at < TEXTS ? cut(cell, COLUMNS[at]![1]).padEnd(COLUMNS[at]![1]) : cell.padStart(COLUMNS[at]![1]),
    )
    .join("  ")
    .trimEnd();
const cut = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);

/** The first line of the table. */
export const heading = (stream: NodeJS.WriteStream): string =>
  colours(stream).bold(line(COLUMNS.map(([name]) => name)));

/** The line of a heavy query. */
export function rowOf({ query, by, answer, editionNow, startTime, pause, took, memory, light }: Asked): string {
  const edition = answer.edition === editionNow ? `${editionNow}` : `${answer.edition} of ${editionNow}`;
  return line([
    // Anybody may ask anything, and a terminal obeys.
    query.replace(/\p{C}/gu, "?"),
    by,
    edition,
    String(answer.places),
    startTime === undefined ? "" : inMs(startTime),
    inMs(pause),
    inMs(took),
    memory === undefined ? "" : inMiB(memory.shared),
    memory === undefined ? "" : inMiB(memory.own),
    String(light.answered),
    inMs(light.slowest),
  ]);
}

/** What the columns mean. */
export const legend = (stream: NodeJS.WriteStream): string =>
  [
    "edition  of the index that was searched, and the host's own when the answer was there",
    "fork     from asking for an actor to its being ready; pause: how long the host stood still meanwhile",
    "shared   memory that actor and host have in common after the search; own: what one of them has written since the fork",
    "light    light requests that the host answered meanwhile, and the slowest of them",
  ]
    .map(colours(stream).dim)
    .join("\n");

/** `4.2 ms`. */
export const inMs = (ms: number): string => `${ms.toFixed(1)} ms`;

/** `31.4 MiB`. */
export const inMiB = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
