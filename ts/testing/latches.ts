// The law's side of a latch.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LawEnv } from "./law.js";
import type { Latch } from "./latch.js";

let count = 0;

/** A closed latch; for guests it opens by itself after `ms`. */
export function latchOf(env: LawEnv, ms: number): Latch {
  return { file: join(env.directory, `latch-${++count}`), at: Date.now() + ms };
}

/** One that is open already. */
export const OPEN: Latch = { file: process.execPath, at: 0 };

/** Opens it; resolves when it is open. */
export async function open(env: LawEnv, latch: Latch): Promise<void> {
  if (env.has("process")) writeFileSync(latch.file, "");
  else await sleep(latch.at - Date.now());
}
