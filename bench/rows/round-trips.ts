// A contender of which one sample is one call: there and back, one after the other.
import type { Caller } from "../callers/caller.js";
import type { Contender } from "../harness/row.js";

/**
 * @param isRight whether an answer is what was sent; asked outside of the time
 * @param next what is sent after an answer; the same value again where this is not given
 */
export async function roundTrips<T>(
  callers: Promise<Caller>,
  value: T,
  isRight: (answer: unknown) => boolean,
  next: (answer: unknown, sent: T) => T = (_, sent) => sent,
): Promise<Contender> {
  const caller = await callers;
  let sent = value;
  return {
    async round(samples) {
      const times: number[] = [];
      for (let sample = 0; sample < samples; sample++) {
        const from = performance.now();
        const answer = await caller.echo(sent);
        times.push((performance.now() - from) * 1_000);
        if (!isRight(answer)) throw new Error("an echo that is not what was sent");
        sent = next(answer, sent);
      }
      return times;
    },
    close: () => caller.close(),
  };
}
