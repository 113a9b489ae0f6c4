// What /proc says of a process, whatever that does: also of one that loops, hangs or was stopped. Linux; elsewhere nothing is known.
import type { ProcessFigures } from "../protocol/tree.js";
import { processStat, textOf, TICK } from "../spawn/process-stat.js";

/** undefined where there is no such process, or nothing is known of any. */
export function processFigures(pid: number): ProcessFigures | undefined {
  if (process.platform !== "linux") return undefined;
  const fields = processStat(pid);
  if (fields === undefined) return undefined;
  const memory = Number(/^VmRSS:\s*(\d+) kB$/m.exec(textOf(`/proc/${pid}/status`) ?? "")?.[1] ?? 0) * 1024;
  const waitsIn = textOf(`/proc/${pid}/wchan`) ?? "";
  return {
    state: fields[0] as string,
    cpu: (Number(fields[11]) + Number(fields[12])) * TICK,
    memory,
    waitsIn: waitsIn === "" || waitsIn === "0" ? undefined : waitsIn,
  };
}
