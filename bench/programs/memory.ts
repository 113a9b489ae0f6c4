// What this process has in memory. Linux only: nowhere else can be told what of it is shared.
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

/** In KiB. */
export interface Memory {
  /** Its proportional share: a page that two mappings share counts half for each. */
  readonly pss: number;
  /** Pages that it has written and shares with nobody. */
  readonly dirty: number;
}

/** After a garbage collection, and a moment for whatever ends by itself. */
export async function memory(): Promise<Memory> {
  await setTimeout(100);
  gc?.();
  const text = readFileSync("/proc/self/smaps_rollup", "utf8");
  const kib = (name: string): number => {
    const found = new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text);
    if (found === null) throw new Error(`/proc/self/smaps_rollup does not tell ${name}`);
    return Number(found[1]);
  };
  return { pss: kib("Pss"), dirty: kib("Private_Dirty") };
}
