// Figures out of samples.
import { isRate, type Row } from "./row.js";
import { BROOD, type Sampled } from "./sampler.js";

export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Of one contender, in the unit of the row. */
export interface Figure {
  readonly p50: number;
  /** Of a hundred samples, 99 are at least as good. */
  readonly p99: number;
  readonly n: number;
  /** The p50 of each single round: how far the figure moves by itself. */
  readonly ofRounds: Range;
}

export interface Ratio {
  /** How many times as good as the peer brood is: above 1 it is better. */
  readonly ratio: number;
  /** Of each single round. */
  readonly ofRounds: Range;
}

export interface Result {
  readonly row: Row;
  readonly figures: ReadonlyMap<string, Figure>;
  /** By peer. */
  readonly ratios: ReadonlyMap<string, Ratio>;
  readonly notes: readonly string[];
}

export function summarize(row: Row, { samples, notes }: Sampled): Result {
  const worst = isRate(row) ? 0.01 : 0.99;
  const medians = new Map([...samples].map(([name, rounds]) => [name, rounds.map((values) => quantile(values, 0.5))]));
  const figures = new Map<string, Figure>();
  for (const [name, rounds] of samples) {
    const all = rounds.flat();
    figures.set(name, {
      p50: quantile(all, 0.5),
      p99: quantile(all, worst),
      n: all.length,
      ofRounds: rangeOf(medians.get(name) as number[]),
    });
  }
  const ratioOf = (brood: number, peer: number): number => (isRate(row) ? brood / peer : peer / brood);
  const own = figures.get(BROOD) as Figure;
  const ownMedians = medians.get(BROOD) as number[];
  const ratios = new Map<string, Ratio>();
  for (const [name, figure] of figures) {
    if (name === BROOD) continue;
    const theirs = medians.get(name) as number[];
    ratios.set(name, {
      ratio: ratioOf(own.p50, figure.p50),
      ofRounds: rangeOf(theirs.map((peer, round) => ratioOf(ownMedians[round] as number, peer))),
    });
  }
  return { row, figures, ratios, notes };
}

/** The smallest sample that is not passed by `part` of them; of an even number the median is the mean of the middle two. */
function quantile(values: readonly number[], part: number): number {
  const sorted = Float64Array.from(values).sort();
  const place = sorted.length * part;
  const at = (index: number): number => sorted[Math.min(Math.max(index, 0), sorted.length - 1)] as number;
  return part === 0.5 && Number.isInteger(place) ? (at(place - 1) + at(place)) / 2 : at(Math.ceil(place) - 1);
}

function rangeOf(values: readonly number[]): Range {
  return { low: Math.min(...values), high: Math.max(...values) };
}
