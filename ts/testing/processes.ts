// What /proc knows of processes: whether one lives, its state, and who its children are. Linux only.
import { readdirSync, readFileSync } from "node:fs";
import { processStat } from "../spawn/process-stat.js";

export interface ProcessState {
  readonly pid: number;
  readonly ppid: number;
  readonly group: number;
  /** As in ps: R running, S sleeping, T stopped, Z zombie. */
  readonly state: string;
  readonly command: string;
}

/** undefined where there is no such process. */
export function processState(pid: number): ProcessState | undefined {
  const fields = processStat(pid);
  if (fields === undefined) return undefined;
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    return { pid, state: fields[0] as string, ppid: Number(fields[1]), group: Number(fields[2]), command };
  } catch {
    return undefined;
  }
}

export function allProcesses(): ProcessState[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => processState(Number(name)) ?? []);
}

/** Whether a process runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  const state = processState(pid);
  return state !== undefined && state.state !== "Z";
}

/** Whether a process is a template of brood's, and none of its forks: those have a title of their own. */
export function isTemplate({ command }: Pick<ProcessState, "command">): boolean {
  return command.endsWith("template.cjs");
}

/** Every process below this one, as `pid command`, but for those `beside` and what is below them. */
export function processesBelow(beside: ReadonlySet<number> = new Set()): string[] {
  if (process.platform !== "linux") return [];
  const all = new Map(allProcesses().map((one) => [one.pid, one]));
  const below = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 0; at = all.get(at)?.ppid) {
      if (beside.has(at)) return false;
      if (at === process.pid) return pid !== at;
    }
    return false;
  };
  return [...all.values()].flatMap(({ pid, state, command }) =>
    below(pid) ? [`${pid} ${state === "Z" ? "(zombie)" : command}`] : [],
  );
}
