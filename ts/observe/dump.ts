// The dump: all that there is to see of the actors of this process and of theirs, root to leaves. It is there within its bound, whoever
// loops, hangs or was stopped, and it never rejects.
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { here } from "../protocol/here.js";
import { describeScopes } from "../protocol/scopes.js";
import type { ActorDump, DumpOptions, PartDump, ProcessFigures, ScopeDump, TreeDump } from "../protocol/tree.js";
import { processFigures } from "./process-figures.js";

const WITHIN = 500;
/** In which it is seen how busy a process is that did not answer, in ms; of its CPU time the kernel counts 10 ms at a time. */
const LOOK = 60;

/** All that there is to see of the actors of this process, and of theirs. Never rejects. */
export async function dumpTree({ within = WITHIN }: DumpOptions = {}): Promise<TreeDump> {
  const from = performance.now();
  const place = here();
  const scopes = await describeScopes(Number.isFinite(within) ? Math.max(0, within) : WITHIN).catch(() => []);
  const looks = looksAt(scopes);
  if ([...looks.values()].some((look) => look.silent)) {
    const since = performance.now();
    await sleep(LOOK);
    for (const [pid, look] of looks) if (look.silent) look.later(processFigures(pid), performance.now() - since);
  }
  return {
    at: new Date().toISOString(),
    took: performance.now() - from,
    name: place?.id.name ?? basename(process.argv[1] ?? "node"),
    path: place?.path ?? "",
    pid: process.pid,
    node: process.version,
    process: processFigures(process.pid),
    scopes: scopes.map((scope) => withFigures(scope, looks)),
  };
}

/** A process, looked at once, and again where it did not answer. */
class Look {
  readonly silent: boolean;
  figures: ProcessFigures | undefined;

  constructor(pid: number, silent: boolean) {
    this.silent = silent;
    this.figures = processFigures(pid);
  }

  later(figures: ProcessFigures | undefined, ms: number): void {
    if (figures === undefined || this.figures === undefined) return;
    this.figures = { ...figures, busy: Math.min(1, (figures.cpu - this.figures.cpu) / ms) };
  }
}

function looksAt(scopes: readonly ScopeDump[], looks = new Map<number, Look>()): ReadonlyMap<number, Look> {
  for (const scope of scopes) {
    for (const { pid, silent, inside } of scope.actors) {
      if (pid !== undefined) looks.set(pid, new Look(pid, silent !== undefined));
      if (inside !== undefined) looksAt(inside.scopes, looks);
    }
    looksAt(scope.scopes, looks);
  }
  return looks;
}

function withFigures(scope: ScopeDump, looks: ReadonlyMap<number, Look>): ScopeDump {
  return {
    ...scope,
    actors: scope.actors.map((actor): ActorDump => {
      const inside: PartDump | undefined = actor.inside && {
        ...actor.inside,
        scopes: actor.inside.scopes.map((inner) => withFigures(inner, looks)),
      };
      return { ...actor, inside, process: actor.pid === undefined ? undefined : looks.get(actor.pid)?.figures };
    }),
    scopes: scope.scopes.map((inner) => withFigures(inner, looks)),
  };
}
