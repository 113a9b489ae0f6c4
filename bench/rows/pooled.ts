// A contender of which one sample is a rate: calls of a pool with a small text, which is returned, so many of them waiting at once.
import type { Caller } from "../callers/caller.js";
import type { Contender } from "../harness/row.js";

/** Workers of every pool: as many as the machine that this is meant for has cores. */
export const SIZE = 2;
export const WAITING = 1_000;
/** Calls that each of those waiting is followed by, one after the other. */
const EACH = 5;
/** Calls in one sample. */
export const POOL_CALLS = WAITING * EACH;

export const WHAT = `${POOL_CALLS} calls of a pool of ${SIZE} with a text of 32 characters, which is returned, ${WAITING} waiting at once`;

export async function pooled(callers: Promise<Caller>): Promise<Contender> {
  const caller = await callers;
  const chain = async (first: number): Promise<void> => {
    for (let call = first; call < first + EACH; call++) {
      const text = `a small text with a number: ${String(call).padStart(4, "0")}`;
      if ((await caller.echo(text)) !== text) throw new Error("an echo that is not what was sent");
    }
  };
  return {
    async round(samples) {
      const rates: number[] = [];
      for (let sample = 0; sample < samples; sample++) {
        const from = performance.now();
        await Promise.all(Array.from({ length: WAITING }, (_, lane) => chain(lane * EACH)));
        rates.push((POOL_CALLS * 1_000) / (performance.now() - from));
      }
      return rates;
    },
    close: () => caller.close(),
  };
}
