// The JSON document of a run: its form is fixed, other tools read it.
import { arch, availableParallelism, cpus, release, totalmem, type } from "node:os";
import type { Figure, Result } from "./figures.js";
import { BROOD } from "./sampler.js";

export interface Document {
  readonly machine: string;
  readonly node: string;
  readonly results: readonly {
    readonly name: string;
    readonly unit: string;
    readonly brood: Numbers;
    readonly peers: { readonly [name: string]: Numbers };
    /** peer / brood for times, brood / peer for rates: above 1 brood is better. */
    readonly ratio: { readonly [name: string]: number };
  }[];
}

interface Numbers {
  readonly p50: number;
  readonly p99: number;
  readonly n: number;
}

export function documentOf(results: readonly Result[]): Document {
  return {
    machine: machine(),
    node: process.version,
    results: results.map(({ row, figures, ratios }) => ({
      name: row.name,
      unit: row.unit,
      brood: numbersOf(figures.get(BROOD) as Figure),
      peers: Object.fromEntries(Object.keys(row.peers).map((name) => [name, numbersOf(figures.get(name) as Figure)])),
      ratio: Object.fromEntries([...ratios].map(([name, { ratio }]) => [name, rounded(ratio)])),
    })),
  };
}

export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  return `${model}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()} ${arch()}`;
}

function numbersOf({ p50, p99, n }: Figure): Numbers {
  return { p50: rounded(p50), p99: rounded(p99), n };
}

/** More digits than these are noise. */
const rounded = (value: number): number => Number(value.toPrecision(4));
