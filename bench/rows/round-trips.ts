// A contender of which one sample is one call: there and back, one after the other.
import type { Caller } from "../callers/caller.js";
import type { Contender } from "../harness/row.js";

/** @param isRight whether an answer is what was sent; asked outside of the time */
export async function roundTrips<T>(
  callers: Promise<Caller>,
  value: T,
  isRight: (answer: unknown) => boolean,
): Promise<Contender> {
  const caller = await callers;
  return {
    async round(samples) {
      const times: number[] = [];
      for (let sample = 0; sample < samples; sample++) {
        const from = performance.now();
        const answer = await caller.echo(value);
        times.push((performance.now() - from) * 1_000);
        if (!isRight(answer)) throw new Error("an echo that is not what was sent");
      }
      return times;
    },
    close: () => caller.close(),
  };
}
