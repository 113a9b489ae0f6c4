// console.table: rows and columns in a frame.
import { inspect } from "./format.js";

/** Longer tables are cut; a log is for people. */
const MAX_ROWS = 100;

/** The table of an object or a list; undefined for what is no table. */
export function table(data: unknown, wanted?: readonly string[]): string | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const iterated = data instanceof Map || data instanceof Set;
  const pairs: [string, unknown][] = iterated
    ? Array.from(data as Iterable<unknown>, (one, i) => [String(i), one])
    : Object.entries(data);
  const columns: string[] = [];
  let bare = false;
  const rows = pairs.slice(0, MAX_ROWS).map(([index, row]) => {
    const cells = new Map<string, string>();
    if (typeof row === "object" && row !== null) {
      for (const key of wanted ?? Object.keys(row)) {
        if (!columns.includes(key)) columns.push(key);
        if (Object.hasOwn(row, key)) cells.set(key, inspect((row as Record<string, unknown>)[key], 0));
      }
    } else bare = true;
    return { index, cells, value: typeof row === "object" && row !== null ? "" : inspect(row, 0) };
  });
  const heads = [iterated ? "(iteration index)" : "(index)", ...columns, ...(bare ? ["Values"] : [])];
  const lines = rows.map(({ index, cells, value }) => [
    index,
    ...columns.map((key) => cells.get(key) ?? ""),
    ...(bare ? [value] : []),
  ]);
  const widths = heads.map(
    (head, i) => Math.max(head.length, ...lines.map((cells) => (cells[i] as string).length)) + 2,
  );
  const rule = (left: string, middle: string, right: string): string =>
    `${left}${widths.map((width) => "─".repeat(width)).join(middle)}${right}`;
  const row = (cells: readonly string[]): string =>
    `│${cells.map((cell, i) => ` ${cell}`.padEnd(widths[i] as number)).join("│")}│`;
  return [
    rule("┌", "┬", "┐"),
    row(heads),
    rule("├", "┼", "┤"),
    ...lines.map(row),
    rule("└", "┴", "┘"),
    ...(pairs.length > MAX_ROWS ? [`... ${pairs.length - MAX_ROWS} more rows`] : []),
  ].join("\n");
}
