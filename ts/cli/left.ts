// What dead hosts have left: processes of brood's that nobody holds a lifeline of any more, and files that were being written. Linux.
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "../spawn/cache-directory.js";
import { processStat } from "../spawn/process-stat.js";
import { CHANNEL_VARIABLE, LIFELINE_FD, TEMPLATE_VARIABLE } from "../protocol/entry-contract.js";

export interface LeftProcess {
  readonly pid: number;
  /** What it was started as; a fork is what its template was. */
  readonly kind: "actor" | "template or fork";
  readonly command: string;
  /** Whether this pid is still the same process. */
  isStill(): boolean;
}

/** F_SETFL flags, as /proc shows them in octal: armed for a signal; open for writing. */
const O_ASYNC = 0o20000;
const O_WRITABLE = 0o3;

/** Processes of this user's whose lifeline has no other end. One whose lifeline cannot be told is not named. */
export function leftProcesses(): LeftProcess[] {
  const mine = pids().filter((pid) => pid !== process.pid && isMine(pid));
  const candidates = mine.flatMap((pid) => {
    const kind = kindOf(pid);
    return kind === undefined ? [] : [{ pid, kind, pipes: lifelinesOf(pid) }];
  });
  if (candidates.length === 0) return [];
  const held = new Set<string>();
  for (const pid of pids()) for (const pipe of pipesOf(pid)) if (pipe.writable) held.add(pipe.target);
  return candidates
    .filter(({ pipes }) => pipes.length > 0 && pipes.every((pipe) => !held.has(pipe)))
    .map(({ pid, kind }) => {
      const since = startOf(pid);
      const command = (text(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
      return { pid, kind, command, isStill: () => since !== undefined && startOf(pid) === since };
    });
}

/** Compiled code that was being written by a process which is no more. */
export function leftFiles(): string[] {
  const directory = cacheDirectory();
  if (directory === undefined) return [];
  return names(directory)
    .filter((name) => {
      const [, pid] = /^entry-.*\.v8\.(\d+)$/.exec(name) ?? [];
      return pid !== undefined && processStat(Number(pid)) === undefined;
    })
    .map((name) => join(directory, name));
}

function pids(): number[] {
  return names("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function isMine(pid: number): boolean {
  try {
    return statSync(`/proc/${pid}`).uid === process.getuid?.();
  } catch {
    return false;
  }
}

/** By the environment that it was started with, which a fork has of its template. */
function kindOf(pid: number): LeftProcess["kind"] | undefined {
  const environment = (text(`/proc/${pid}/environ`) ?? "").split("\0");
  const has = (name: string): boolean => environment.some((one) => one.startsWith(`${name}=`));
  if (has(TEMPLATE_VARIABLE)) return "template or fork";
  return has(CHANNEL_VARIABLE) ? "actor" : undefined;
}

/** The pipes that end it: those it has armed; before that, the one that it was started with. */
function lifelinesOf(pid: number): string[] {
  const pipes = pipesOf(pid).filter(({ writable }) => !writable);
  const armed = pipes.filter((pipe) => pipe.armed);
  return (armed.length > 0 ? armed : pipes.filter(({ fd }) => fd === LIFELINE_FD)).map(({ target }) => target);
}

interface Pipe {
  readonly fd: number;
  readonly target: string;
  readonly writable: boolean;
  readonly armed: boolean;
}

function pipesOf(pid: number): Pipe[] {
  return names(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
      if (!target.startsWith("pipe:")) return [];
      const flags = parseInt(/^flags:\s*(\d+)/m.exec(text(`/proc/${pid}/fdinfo/${fd}`) ?? "")?.[1] ?? "0", 8);
      return [{ fd: Number(fd), target, writable: (flags & O_WRITABLE) !== 0, armed: (flags & O_ASYNC) !== 0 }];
    } catch {
      return [];
    }
  });
}

/** When it started, in ticks since boot: with the pid, its identity. */
function startOf(pid: number): string | undefined {
  const fields = processStat(pid);
  return fields?.[0] === "Z" ? undefined : fields?.[19];
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function text(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
