// The figures for people: brood first, each peer below it, what was aimed at at the end of the line it is about.
import type { Figure, Range, Ratio, Result } from "./figures.js";
import type { Goal } from "./row.js";
import { BROOD } from "./sampler.js";

const HEADINGS = ["", "p50", "p99", "n", "p50 of rounds", "brood is", "in rounds", "goal"];
/** Columns whose cells stand at their left edge. */
const LEFT = new Set([0, HEADINGS.length - 1]);

export function tableOf({ row, figures, ratios, notes }: Result): string {
  const lines = [...figures].map(([name, figure]) => cellsOf(name, figure, ratios.get(name), row.goals));
  const cells = [HEADINGS, ...lines];
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const table = cells.map((line) =>
    line
      .map((cell, column) => (LEFT.has(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  return [`${row.name} (${row.unit}): ${row.what}`, ...[...table, ...notes].map((line) => `  ${line}`), ""].join("\n");
}

function cellsOf(name: string, figure: Figure, ratio: Ratio | undefined, goals: readonly Goal[]): string[] {
  return [
    name,
    shown(figure.p50),
    shown(figure.p99),
    String(figure.n),
    rangeOf(figure.ofRounds, shown),
    ratio === undefined ? "" : `${ratio.ratio.toFixed(2)} x`,
    ratio === undefined ? "" : rangeOf(ratio.ofRounds, (value) => value.toFixed(2)),
    goals.flatMap((goal) => verdictOn(goal, name, figure, ratio)).join(", "),
  ];
}

function verdictOn(goal: Goal, name: string, figure: Figure, ratio: Ratio | undefined): string[] {
  if ("of" in goal) {
    if (name !== BROOD) return [];
    const found = figure[goal.of];
    const [wanted, reached] =
      "most" in goal
        ? [`at most ${shown(goal.most)}`, found <= goal.most]
        : [`at least ${shown(goal.least)}`, found >= goal.least];
    return [`${goal.of} ${wanted}: ${reached ? "reached" : "MISSED"}`];
  }
  if (name !== goal.peer || ratio === undefined) return [];
  return [`at least ${goal.ratio} x: ${ratio.ratio >= goal.ratio ? "reached" : "MISSED"}`];
}

function rangeOf({ low, high }: Range, show: (value: number) => string): string {
  return `${show(low)} .. ${show(high)}`;
}

function shown(value: number): string {
  if (value >= 10_000) return Math.round(value).toLocaleString("en-US");
  return value >= 1_000 ? value.toFixed(0) : value.toPrecision(3);
}
