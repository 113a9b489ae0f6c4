// What a run has done: as the closing table for people, and as the summary that --json writes.
import { colours } from "./colours.js";
import type { StartAlone } from "./alone.js";
import type { TeamFigures } from "./parts.js";

/** The actors of one kind of work. */
export interface Team extends TeamFigures {
  /** What is worked on, and by what. */
  readonly work: string;
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
  /** Actors that died, whatever of, and were replaced where there was more to do; and what was done again since it was not its fault. */
  readonly replaced: number;
  readonly again: number;
  /** How often the press, which hosts them, was replaced: what is said of actors is about those of the last one. */
  readonly restarts: number;
  /** Starts of actors by spawn method; times in ms. */
  readonly spawn: Readonly<Record<string, { readonly count: number; readonly mean: number; readonly max: number }>>;
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
  /** Pages that were done, and how long each took beside all others, without the wait for an actor. */
  readonly pages: number;
  readonly start: number;
  readonly p50: number;
  readonly p99: number;
  /** Actors that died. */
  readonly replaced: number;
  readonly memory: number | undefined;
  /** Bytes per second. */
  readonly speed: number | undefined;
}

export function summarizeTeam({ work, method, stats, memory, speed }: Team): TeamSummary {
  return {
    work,
    spawn: method,
    actors: stats.started,
    pages: stats.calls - stats.failed,
    start: tenths(stats.startTime.p50),
    p50: tenths(stats.runTime.p50),
    p99: tenths(stats.runTime.p99),
    replaced: stats.died,
    memory: memory === undefined ? undefined : Math.round(memory),
    speed: speed === undefined ? undefined : Math.round(speed),
  };
}

export function summarizeStarts(teams: readonly Pick<Team, "method" | "stats">[]): Summary["spawn"] {
  const methods = [...new Set(teams.map(({ method }) => method))].sort();
  return Object.fromEntries(
    methods.map((method) => {
      const all = teams.filter((team) => team.method === method).map(({ stats }) => stats);
      const count = sum(all.map(({ started }) => started));
      const ms = sum(all.map(({ started, startTime }) => started * startTime.mean));
      const max = Math.max(...all.map(({ startTime }) => startTime.max));
      return [method, { count, mean: tenths(ms / count), max: tenths(max) }];
    }),
  );
}

/** How many actors of all teams were replaced, and what was done again. */
export const summarizeLosses = (teams: readonly Team[]): Pick<Summary, "replaced" | "again"> => ({
  replaced: sum(teams.map(({ stats }) => stats.died)),
  again: sum(teams.map(({ again }) => again)),
});

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
const tenths = (ms: number): number => Math.round(ms * 10) / 10;

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
  return tenths(at);
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
        ["replaced", String(summary.replaced + summary.restarts)],
      ],
      1,
    ).map((line, at) => (at === 3 ? `${line} ${dim(replacedOf(summary))}` : line)),
    ...killed,
    "",
    `${bold("site")}  ${index} ${dim(`(${seconds.toFixed(1)} s)`)}`,
    "",
  ].join("\n");
}

/** What it was that was replaced. */
function replacedOf({ again, restarts }: Summary): string {
  const press = restarts === 0 ? "" : `, their host ${restarts}×`;
  return `actors that died${press}; pages made again since it was not their doing: ${again}`;
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
