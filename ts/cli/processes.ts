// Which processes of this user there are, and what each was started as. Linux.
import { readdirSync, statSync } from "node:fs";
import { CHANNEL_VARIABLE, TEMPLATE_VARIABLE } from "../protocol/entry-contract.js";
import { textOf } from "../spawn/process-stat.js";

/** Of all users. */
export function pids(): number[] {
  return namesIn("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Of this user, but this process. */
export const otherPids = (): number[] => pids().filter((pid) => pid !== process.pid && isMine(pid));

function isMine(pid: number): boolean {
  try {
    return statSync(`/proc/${pid}`).uid === process.getuid?.();
  } catch {
    return false;
  }
}

/** Whose environment it has: a fork has that of its template, and what an actor has started that of the actor, unless it was cleared. */
export function markOf(pid: number): "actor" | "template" | undefined {
  const environment = environmentOf(pid);
  if (environment.has(TEMPLATE_VARIABLE)) return "template";
  return environment.has(CHANNEL_VARIABLE) ? "actor" : undefined;
}

/** What it was started with; nothing where that may not be known. */
export function environmentOf(pid: number): ReadonlyMap<string, string> {
  const entries = (textOf(`/proc/${pid}/environ`) ?? "").split("\0").flatMap((one) => {
    const at = one.indexOf("=");
    return at < 0 ? [] : [[one.slice(0, at), one.slice(at + 1)] as const];
  });
  return new Map(entries);
}

/** What is in a directory; nothing where that may not be known. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
