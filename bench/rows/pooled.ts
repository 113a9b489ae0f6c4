// Calls of a pool with a small text, which is returned.
import type { Caller } from "../callers/caller.js";
import type { Contender } from "../harness/row.js";
import { AT_ONCE, atOnce, CALLS } from "./at-once.js";

/** Workers of every pool: as many as the machine that this is meant for has cores. */
export const SIZE = 2;

export const WHAT = `${CALLS} calls of a pool of ${SIZE} with a text of 32 characters, which is returned, ${AT_ONCE} waiting at once`;

export const pooled = (callers: Promise<Caller>): Promise<Contender> =>
  atOnce(callers, async (caller, number) => {
    const text = `a small text with a number: ${String(number).padStart(4, "0")}`;
    if ((await caller.echo(text)) !== text) throw new Error("an echo that is not what was sent");
  });
