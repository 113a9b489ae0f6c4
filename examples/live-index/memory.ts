// What a process has of the machine's memory, by what Linux says of it, in bytes.
import { readFileSync } from "node:fs";

export interface Memory {
  /** All that it has mapped and touched, shared or not: Rss. */
  readonly resident: number;
  /** The same, with what several processes share divided among them: Pss. */
  readonly proportional: number;
  /** What at least one other process has too: Shared_Clean and Shared_Dirty. */
  readonly shared: number;
  /** What no other process has: what it has written itself, or the other one since. Private_Clean and Private_Dirty. */
  readonly own: number;
  /** The part of `own` that is in no file: Private_Dirty. */
  readonly written: number;
}

/** Of this process. */
export function memoryOfThis(): Memory {
  const rollup = readFileSync("/proc/self/smaps_rollup", "utf8");
  const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(rollup)?.[1]) * 1024;
  return {
    resident: bytes("Rss"),
    proportional: bytes("Pss"),
    shared: bytes("Shared_Clean") + bytes("Shared_Dirty"),
    own: bytes("Private_Clean") + bytes("Private_Dirty"),
    written: bytes("Private_Dirty"),
  };
}
