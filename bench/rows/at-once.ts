// A contender of which one sample is a rate: small calls, a thousand of them waiting at once.
import type { Caller } from "../callers/caller.js";
import type { Contender } from "../harness/row.js";
import { repeated } from "../harness/samples.js";

export const AT_ONCE = 1_000;
/** Calls that each of those is followed by, one after the other. */
const EACH = 5;
/** Calls in one sample. */
export const CALLS = AT_ONCE * EACH;

/** @param call makes the call with this number, and throws where the answer is wrong */
export async function atOnce(
  callers: Promise<Caller>,
  call: (caller: Caller, number: number) => Promise<void>,
): Promise<Contender> {
  const caller = await callers;
  const chain = async (first: number): Promise<void> => {
    for (let number = first; number < first + EACH; number++) await call(caller, number);
  };
  const one = async (): Promise<number> => {
    const from = performance.now();
    await Promise.all(Array.from({ length: AT_ONCE }, (_, lane) => chain(lane * EACH)));
    return (CALLS * 1_000) / (performance.now() - from);
  };
  return { round: (samples) => repeated(samples, one), close: () => caller.close() };
}
