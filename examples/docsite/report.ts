// What a run has done: as the closing table for people, and as the summary that --json writes.
import { colours } from "./colours.js";
import type { Start } from "./crew.js";

export interface Summary {
  /** Pages of packages, whatever became of them. */
  readonly pages: number;
  /** Those of them that are complete. */
  readonly rendered: number;
  /** Those that are not, and why. */
  readonly killed: readonly { readonly page: string; readonly reason: string }[];
  /** Starts of actors by spawn method; times in ms. */
  readonly spawn: Readonly<Record<string, SpawnSummary>>;
  /** The directory of the site. */
  readonly out: string;
}

export interface SpawnSummary {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

export function summarizeStarts(starts: readonly Start[]): Record<string, SpawnSummary> {
  const methods = [...new Set(starts.map((start) => start.method))].sort();
  return Object.fromEntries(
    methods.map((method) => {
      const times = starts.filter((start) => start.method === method).map((start) => start.ms);
      return [method, { count: times.length, p50: percentile(times, 50), p99: percentile(times, 99) }];
    }),
  );
}

/** Nearest rank, to a tenth. `values` is not empty. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)]!;
  return Math.round(at * 10) / 10;
}

/** The closing table. */
export function closingTable(summary: Summary, index: string, seconds: number, stream: NodeJS.WriteStream): string {
  const { bold, dim, red } = colours(stream);
  const rows = Object.entries(summary.spawn).map(([method, of]) => [
    method,
    String(of.count),
    `${of.p50.toFixed(1)} ms`,
    `${of.p99.toFixed(1)} ms`,
  ]);
  const [head, ...body] = aligned([["spawn method", "actors", "start p50", "start p99"], ...rows]);
  const killed = summary.killed.map(({ page, reason }) => `  ${red(page)}: ${reason}`);
  return [
    "",
    bold(head!),
    ...body,
    "",
    ...aligned([
      ["pages", String(summary.pages)],
      ["rendered", String(summary.rendered)],
      ["killed", String(summary.killed.length)],
    ]),
    ...killed,
    "",
    `${bold("site")}  ${index} ${dim(`(${seconds.toFixed(1)} s)`)}`,
    "",
  ].join("\n");
}

/** Columns as wide as their widest cell: the first to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  "),
  );
}
