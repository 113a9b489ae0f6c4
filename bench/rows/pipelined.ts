// Many small calls to one actor at once.
import type { Caller } from "../callers/caller.js";
import type { Contender } from "../harness/row.js";
import { atOnce } from "./at-once.js";

export const pipelined = (callers: Promise<Caller>): Promise<Contender> =>
  atOnce(callers, async (caller, number) => {
    if ((await caller.add(number, 1)) !== number + 1) throw new Error("a wrong sum");
  });
