// The hosts of this user and their actors, as /proc shows them: so they are seen whatever they do, and nobody is asked. Linux.
import { basename } from "node:path";
import { processFigures } from "../observe/process-figures.js";
import type { ProcessFigures } from "../protocol/tree.js";
import { readTitle } from "../protocol/title.js";
import { processStat, textOf, TICK } from "../spawn/process-stat.js";
import { markOf, otherPids } from "./processes.js";

/** A process that is a host, an actor, or a template of brood's; or whatever an actor has started. */
export interface SeenProcess {
  readonly pid: number;
  readonly kind: "host" | "actor" | "template" | "other";
  /** An actor's path, a program's file. */
  readonly name: string;
  /** How an actor was made; a fork of a fork-ready program cannot be told from one of a template. */
  readonly method: "exec" | "fork" | undefined;
  /** Since its start, in ms. */
  readonly age: number;
  readonly process: ProcessFigures;
  readonly children: readonly SeenProcess[];
}

interface Found {
  readonly pid: number;
  /** Its parent; of a fork, whoever it was forked for. */
  readonly parent: number;
  readonly kind: "actor" | "template" | undefined;
  readonly name: string;
  readonly method: "exec" | "fork" | undefined;
  readonly figures: ProcessFigures;
  readonly age: number;
}

/** Every host of this user, or the one with that pid; an actor that has actors is shown within its host. */
export function hosts(only?: number): SeenProcess[] {
  const all = new Map(found().map((one) => [one.pid, one]));
  const below = new Map<number, Found[]>();
  for (const one of all.values()) below.set(one.parent, [...(below.get(one.parent) ?? []), one]);
  // A host is what is none of brood's itself and has something of brood's right below it.
  const isHost = ({ pid, kind }: Found): boolean =>
    kind === undefined && (below.get(pid) ?? []).some((child) => child.kind !== undefined);
  const seen = (one: Found): SeenProcess => {
    const { pid, name, method, age, figures } = one;
    const kind = isHost(one) ? "host" : (one.kind ?? "other");
    return { pid, kind, name, method, age, process: figures, children: (below.get(pid) ?? []).map(seen) };
  };
  if (only !== undefined) {
    const one = all.get(only);
    return one === undefined ? [] : [seen(one)];
  }
  return [...all.values()]
    .filter(isHost)
    .sort((a, b) => a.pid - b.pid)
    .map(seen);
}

function found(): Found[] {
  const uptime = Number((textOf("/proc/uptime") ?? "").split(" ")[0]) * 1_000;
  return otherPids().flatMap((pid) => {
    const [fields, figures] = [processStat(pid), processFigures(pid)];
    if (fields === undefined || figures === undefined) return [];
    const words = (textOf(`/proc/${pid}/cmdline`) ?? "").replace(/\0+$/, "").split("\0");
    const title = readTitle(words.join(" "));
    const age = Math.max(0, uptime - Number(fields[19]) * TICK);
    const parent = title?.host ?? Number(fields[1]);
    const mark = markOf(pid);
    // What an actor has started has its mark, but is no actor.
    const isNode = words.some((word) => /[\\/]entry[\\/](process|template)\.cjs$/.test(word));
    const kind = title !== undefined ? "actor" : isNode ? mark : undefined;
    const method = kind !== "actor" ? undefined : mark === "actor" ? "exec" : "fork";
    // An actor that has no title yet is about to be told who it is.
    const name = title?.path ?? (kind === "actor" ? "starting" : kind === "template" ? "template" : commandOf(words));
    return [{ pid, parent, kind, name, method, figures, age }];
  });
}

/** What a program is known by: of a Node program its file. */
function commandOf(words: readonly string[]): string {
  const [command = "", ...args] = words;
  const file = basename(command).startsWith("node") ? args.find((arg) => !arg.startsWith("-")) : undefined;
  return basename(file ?? command);
}
