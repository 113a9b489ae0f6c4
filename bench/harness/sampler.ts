// Measures the contenders of a row side by side: all are open at once and take turns in short rounds, A B C, B C A, C A B, so
// that whatever else the machine does meanwhile meets all of them alike, and nobody always comes first or after the same one.
//
// It is not tinybench: that runs one task to its end and then the next, so that a slow minute of the machine counts against
// one of them alone; and what belongs to a sample but not to its time (ending the process that was started) would have no place.
import type { Contender, Row } from "./row.js";

/** The name of brood among the contenders. */
export const BROOD = "brood";

/** For each contender, in the order of the table: its samples, round by round. */
export type Samples = ReadonlyMap<string, readonly (readonly number[])[]>;

/** All that a row's measuring gave. */
export interface Sampled {
  readonly samples: Samples;
  /** What contenders told of themselves. */
  readonly notes: readonly string[];
}

export interface Plan {
  readonly rounds: number;
  readonly warmUp: number;
}

export async function sample(row: Row, plan: Plan): Promise<Sampled> {
  const makers = Object.entries({ [BROOD]: () => row.brood(), ...row.peers });
  const contenders: { name: string; contender: Contender; rounds: number[][] }[] = [];
  try {
    for (const [name, make] of makers) contenders.push({ name, contender: await make(), rounds: [] });
    for (let round = 0; round < plan.warmUp + plan.rounds; round++) {
      const first = round % contenders.length;
      for (const { contender, rounds } of [...contenders.slice(first), ...contenders.slice(0, first)]) {
        const values = await contender.round(row.samples);
        if (round >= plan.warmUp) rounds.push(values);
      }
    }
    return {
      samples: new Map(contenders.map(({ name, rounds }) => [name, rounds])),
      notes: contenders.flatMap(({ contender }) => contender.notes?.() ?? []),
    };
  } finally {
    for (const { contender } of contenders) await contender.close();
  }
}
