// Finds every process of one tree, whoever its parent is by now: the mark travels in the environment, from a program to its
// actors (which are given every BROOD_ variable) and to whatever these start. A zombie has no environment any more: it is
// known by having been seen before. Linux only.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { allProcesses, processState, type ProcessState } from "./processes.js";

const VARIABLE = "BROOD_LAW";
/** How long process 1 may take to reap what it was left with, in ms: some look round once a second. */
const REAPED_BY_INIT = 5_000;

export class Marked {
  readonly #mark = `${VARIABLE}=${randomUUID()}`;
  readonly #seen = new Set<number>();

  /** To be added to the environment of a program. */
  get env(): Readonly<Record<string, string>> {
    const [name, value] = this.#mark.split("=") as [string, string];
    return { [name]: value };
  }

  /** Who lives. */
  living(): ProcessState[] {
    const found = allProcesses().filter(({ pid, state }) => state !== "Z" && this.#has(pid));
    for (const { pid } of found) this.#seen.add(pid);
    return found;
  }

  /** Who is dead and not reaped, among those that were seen alive. */
  zombies(): ProcessState[] {
    return [...this.#seen].map(processState).filter((state) => state?.state === "Z") as ProcessState[];
  }

  /**
   * Resolves when nobody lives and nobody waits to be reaped, but by process 1, which has its own pace.
   * @param but pids that may live on
   * @returns how long that took, in ms
   * @throws who is left after `ms`
   */
  async gone(ms: number, but: readonly number[] = []): Promise<number> {
    const from = performance.now();
    for (;;) {
      const left = [
        ...this.living().filter(({ pid }) => !but.includes(pid)),
        ...this.zombies().filter(({ ppid }) => ppid !== 1),
      ];
      const took = performance.now() - from;
      if (left.length === 0) return took;
      if (took > ms)
        throw new Error(
          `left after ${Math.round(took)} ms:\n${left.map(({ pid, ppid, group, state, command }) => `  ${pid} (parent ${ppid}, group ${group}) ${state} ${command}`).join("\n")}`,
        );
      await sleep(2);
    }
  }

  /** Resolves when process 1 has reaped what it was left with; at once where it reaps nothing, ever. @throws who it has not */
  async reaped(): Promise<void> {
    if (!(await (initReaps ??= orphanIsReaped()))) return;
    const until = performance.now() + REAPED_BY_INIT;
    while (this.zombies().length > 0) {
      if (performance.now() > until)
        throw new Error(
          `zombies: ${this.zombies()
            .map(({ pid, ppid }) => `${pid} of ${ppid}`)
            .join(", ")}`,
        );
      await sleep(50);
    }
  }

  /** Kills whoever lives: what a law that failed owes the next one. */
  endAll(): void {
    for (const { pid } of this.living()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It ended meanwhile.
      }
    }
  }

  #has(pid: number): boolean {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(this.#mark);
    } catch {
      return false;
    }
  }
}

let initReaps: Promise<boolean> | undefined;

/** Whether an orphan of ours is ever reaped. */
async function orphanIsReaped(): Promise<boolean> {
  const shell = spawn("sh", ["-c", "sleep 0.01 & echo $!"], { stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  for await (const text of shell.stdout.setEncoding("utf8")) said += String(text);
  const until = performance.now() + REAPED_BY_INIT;
  while (processState(Number(said)) !== undefined) {
    if (performance.now() > until) return false;
    await sleep(20);
  }
  return true;
}
