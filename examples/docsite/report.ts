// What a run has done: as the closing table for people, and as the summary that --json writes.
import { colours } from "./colours.js";
import type { StartAlone } from "./alone.js";
import type { Crew, Start } from "./crew.js";

/** The actors of one kind of work. */
export interface Team {
  /** What is worked on, and by what. */
  readonly work: string;
  readonly crew: Pick<Crew<unknown>, "starts" | "works">;
  /** Of one actor, in bytes; undefined where it is not known. */
  readonly memory: number | undefined;
  /** Of one actor while nothing else runs, in bytes per second; undefined where the input is no text. */
  readonly speed: number | undefined;
}

export interface Summary {
  /** Pages of packages, whatever became of them. */
  readonly pages: number;
  /** Those of them that are complete. */
  readonly rendered: number;
  /** Those that are not, and why. */
  readonly killed: readonly { readonly page: string; readonly reason: string }[];
  /** Starts of actors by spawn method; times in ms. */
  readonly spawn: Readonly<Record<string, SpawnSummary>>;
  /** The same work by work; times in ms, memory in bytes. */
  readonly teams: readonly TeamSummary[];
  /** Start of an actor that has the TypeScript compiler loaded, by spawn method, one after the other; times in ms. */
  readonly starts: Readonly<Record<string, SpawnSummary>>;
  /** The directory of the site. */
  readonly out: string;
}

export interface SpawnSummary {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

export interface TeamSummary {
  readonly work: string;
  readonly spawn: string;
  readonly actors: number;
  /** Pages that were done, and how long each took beside all others. */
  readonly pages: number;
  readonly start: number;
  readonly p50: number;
  readonly p99: number;
  readonly memory: number | undefined;
  /** Bytes per second. */
  readonly speed: number | undefined;
}

export function summarizeTeam({ work, crew, memory, speed }: Team): TeamSummary {
  const starts = crew.starts.map(({ ms }) => ms);
  return {
    work,
    spawn: [...new Set(crew.starts.map(({ method }) => method))].join(", "),
    actors: starts.length,
    pages: crew.works.length,
    start: percentile(starts, 50),
    p50: percentile(crew.works, 50),
    p99: percentile(crew.works, 99),
    memory: memory === undefined ? undefined : Math.round(memory),
    speed: speed === undefined ? undefined : Math.round(speed),
  };
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

export function summarizeAlone(starts: readonly StartAlone[]): Record<string, SpawnSummary> {
  return Object.fromEntries(
    starts.map(({ method, times }) => [
      method,
      { count: times.length, p50: percentile(times, 50), p99: percentile(times, 99) },
    ]),
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
  const rows = summary.teams.map((of) => [
    of.work,
    of.spawn,
    String(of.actors),
    `${of.start.toFixed(1)} ms`,
    `${of.p50.toFixed(1)} ms`,
    of.speed === undefined ? "" : `${inUnits(of.speed)}/s`,
    of.memory === undefined ? "" : inUnits(of.memory),
  ]);
  const [head, ...body] = aligned(
    [["work", "spawn", "actors", "start p50", "page p50", "speed", "memory"], ...rows],
    2,
  );
  const killed = summary.killed.map(({ page, reason }) => `  ${red(page)}: ${reason}`);
  return [
    "",
    bold(head!),
    ...body,
    "",
    dim("wasm: in this process, with no rights at all, within limits of CPU and memory"),
    dim("forkserver, exec: a process of its own, with all the rights of this one; forked warm, or fresh"),
    dim("speed and memory: of one actor alone with a README of some 6 KiB; of a process, after all its packages"),
    "",
    "start of an actor with the TypeScript compiler loaded, one after the other, p50:",
    ...aligned(
      Object.entries(summary.starts).map(([method, { p50, count }]) => [
        `  ${method}`,
        `${p50.toFixed(1)} ms`,
        dim(`of ${count}`),
      ]),
      1,
    ),
    "",
    ...aligned(
      [
        ["pages", String(summary.pages)],
        ["rendered", String(summary.rendered)],
        ["killed", String(summary.killed.length)],
      ],
      1,
    ),
    ...killed,
    "",
    `${bold("site")}  ${index} ${dim(`(${seconds.toFixed(1)} s)`)}`,
    "",
  ].join("\n");
}

/** Bytes for people. */
function inUnits(bytes: number): string {
  return bytes < 2 ** 20 ? `${(bytes / 2 ** 10).toFixed(0)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** Columns as wide as their widest cell: the first `left` ones to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[], left: number): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < left ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  "),
  );
}
