// What the kernel says of a process in one line. Linux only.
import { readFileSync } from "node:fs";

/** Fields of /proc/PID/stat behind the name, which may hold anything: 0 the state, 1 the parent, 2 the group, 19 when it was started,
 *  49 how it ended (proc(5), whose numbers are higher by 3). Undefined where there is no such process. */
export function processStat(pid: number): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
