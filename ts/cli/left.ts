// What dead hosts have left: processes of brood's that nobody holds a lifeline of any more, and files that were being written. Linux.
import { readlinkSync } from "node:fs";
import { join } from "node:path";
import { cacheDirectory } from "../spawn/cache-directory.js";
import { processStat, textOf } from "../spawn/process-stat.js";
import { LIFELINE_FD } from "../protocol/entry-contract.js";
import { markOf, namesIn, otherPids, pids } from "./processes.js";

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

const KINDS = { actor: "actor", template: "template or fork" } as const;

/** Processes of this user's whose lifeline has no other end. One whose lifeline cannot be told is not named. */
export function leftProcesses(): LeftProcess[] {
  const candidates = otherPids().flatMap((pid) => {
    const mark = markOf(pid);
    return mark === undefined ? [] : [{ pid, kind: KINDS[mark], pipes: lifelinesOf(pid) }];
  });
  if (candidates.length === 0) return [];
  const held = new Set<string>();
  for (const pid of pids()) for (const pipe of pipesOf(pid)) if (pipe.writable) held.add(pipe.target);
  return candidates
    .filter(({ pipes }) => pipes.length > 0 && pipes.every((pipe) => !held.has(pipe)))
    .map(({ pid, kind }) => {
      const since = startOf(pid);
      const command = (textOf(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
      return { pid, kind, command, isStill: () => since !== undefined && startOf(pid) === since };
    });
}

/** Compiled code that was being written by a process which is no more. */
export function leftFiles(): string[] {
  const directory = cacheDirectory();
  if (directory === undefined) return [];
  return namesIn(directory)
    .filter((name) => {
      const [, pid] = /^entry-.*\.v8\.(\d+)$/.exec(name) ?? [];
      return pid !== undefined && processStat(Number(pid)) === undefined;
    })
    .map((name) => join(directory, name));
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
  return namesIn(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
      if (!target.startsWith("pipe:")) return [];
      const flags = parseInt(/^flags:\s*(\d+)/m.exec(textOf(`/proc/${pid}/fdinfo/${fd}`) ?? "")?.[1] ?? "0", 8);
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
