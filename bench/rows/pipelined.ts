// A contender of which one sample is a rate: many small calls, so many of them on their way at once.
import type { Caller } from "../callers/caller.js";
import type { Contender } from "../harness/row.js";

export const IN_FLIGHT = 1_000;
/** Calls that each of those in flight is followed by, one after the other. */
const EACH = 5;
/** Calls in one sample. */
export const CALLS = IN_FLIGHT * EACH;

export async function pipelined(callers: Promise<Caller>): Promise<Contender> {
  const caller = await callers;
  const chain = async (first: number): Promise<void> => {
    for (let call = first; call < first + EACH; call++) {
      if ((await caller.add(call, 1)) !== call + 1) throw new Error("a wrong sum");
    }
  };
  return {
    async round(samples) {
      const rates: number[] = [];
      for (let sample = 0; sample < samples; sample++) {
        const from = performance.now();
        await Promise.all(Array.from({ length: IN_FLIGHT }, (_, lane) => chain(lane * EACH)));
        rates.push((CALLS * 1_000) / (performance.now() - from));
      }
      return rates;
    },
    close: () => caller.close(),
  };
}
