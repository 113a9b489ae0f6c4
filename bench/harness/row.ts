// What a row of the benches is: one figure, of brood and of each of its peers.

/** One of those that are compared, ready to be measured. */
export interface Contender {
  /**
   * Takes samples one after the other, in the unit of the row. It throws where an answer is wrong: what does not work has no
   * speed.
   */
  round(samples: number): Promise<number[]>;
  close(): Promise<void>;
  /** What else is worth telling of what was measured, for people; asked when all rounds are over. */
  notes?(): readonly string[];
}

/** A peer's ratio that must be reached, or a figure of brood's own, in the unit of the row, that must not be passed or must be reached. */
export type Goal =
  | { readonly peer: string; readonly ratio: number }
  | { readonly of: "p50" | "p99"; readonly most: number }
  | { readonly of: "p50" | "p99"; readonly least: number };

export interface Row {
  readonly name: string;
  readonly unit: "ms" | "us" | "calls/s" | "messages/s" | "MB/s" | "forks/s" | "KiB" | "MiB";
  /** What one sample is, in a few words. */
  readonly what: string;
  readonly rounds: number;
  /** Rounds before those, of which nothing counts. */
  readonly warmUp: number;
  /** Of each contender in each round. */
  readonly samples: number;
  readonly goals: readonly Goal[];
  brood(): Promise<Contender>;
  readonly peers: { readonly [name: string]: () => Promise<Contender> };
}

/** Of rates more is better, of times and of memory less. */
export const isRate = (row: Row): boolean => row.unit.endsWith("/s");
