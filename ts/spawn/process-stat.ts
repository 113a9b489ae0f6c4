// What the kernel says of a process in one line, and in other files. Linux only.
import { readFileSync } from "node:fs";

/** In which the kernel counts the CPU time and the starts of processes, for those who read of them; ms. */
export const TICK = 10;

/** Fields of /proc/PID/stat behind the name, which may hold anything: 0 the state, 1 the parent, 2 the group, 19 when it was started,
 *  49 how it ended (proc(5), whose numbers are higher by 3). Undefined where there is no such process. */
export function processStat(pid: number): readonly string[] | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Undefined where there is no such file, or it may not be read. */
export function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
