// How a process ended that nobody has reaped yet: whoever inherited it may take its time, or never look. Linux only.
import type { ProcessHandle } from "../native/forkserver.js";
import { processStat } from "./process-stat.js";

/** Fields of a process's stat. */
const STATE = 0;
const STATUS = 49;

/** Undefined where it lives, is reaped, or where that cannot be read. */
export function zombieStatus(handle: ProcessHandle): { readonly code?: number; readonly signal?: number } | undefined {
  const fields = processStat(handle.pid);
  // As long as its handle knows it, the number is its own.
  if (fields?.[STATE] !== "Z" || !handle.signal(0)) return undefined;
  const status = Number(fields[STATUS]);
  const signal = status & 0x7f;
  return signal === 0 ? { code: (status >> 8) & 0xff } : { signal };
}
