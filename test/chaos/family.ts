// The processes that this program has started, at whatever depth, and whoever their parent is by now. The mark of the test run travels in
// the environment, which every actor inherits. Linux only.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { allProcesses, type ProcessState } from "#brood/testing/processes.js";

const VARIABLE = "BROOD_TEST_RUN";

export class Family {
  readonly #mark: string;

  constructor() {
    this.#mark = `${VARIABLE}=${(process.env[VARIABLE] ??= randomUUID())}`;
  }

  /** Who lives, without this program itself. */
  living(): ProcessState[] {
    const all = new Map(allProcesses().map((one) => [one.pid, one]));
    return [...all.values()].filter(
      ({ pid, state }) => pid !== process.pid && state !== "Z" && (isBelow(pid, all) || this.#isMarked(pid)),
    );
  }

  /** Those of them that nobody below this program is the parent of. */
  orphans(): ProcessState[] {
    const all = new Map(allProcesses().map((one) => [one.pid, one]));
    return this.living().filter(({ pid }) => all.has(pid) && !isBelow(pid, all));
  }

  #isMarked(pid: number): boolean {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(this.#mark);
    } catch {
      return false;
    }
  }
}

function isBelow(pid: number, all: ReadonlyMap<number, ProcessState>): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 0; at = all.get(at)?.ppid)
    if (at === process.pid) return true;
  return false;
}
