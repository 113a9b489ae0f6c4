// An actor alone: what it takes of the machine's memory, the pages that it shares in part (PSS), and of its time. The memory is undefined
// where the system does not tell.
import { readFileSync } from "node:fs";
import type { ActorId, Portal } from "brood";

/** In bytes; of this process, or of another. */
function memoryOf(pid: number | "self"): number | undefined {
  try {
    const line = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
    return line === null ? undefined : Number(line[1]) * 1024;
  } catch {
    return undefined;
  }
}

/** Of an actor in a process of its own. */
export const memoryOfProcess = ({ id }: { readonly id: ActorId }): number | undefined =>
  id.pid === undefined ? undefined : memoryOf(id.pid);

/** What the start of a kind of actor takes, by the method that made it. */
export interface StartAlone {
  readonly method: string;
  /** Of each, in ms. */
  readonly times: readonly number[];
}

/** Starts `n` actors one after the other by each of `methods`, in turn, and ends them. */
export async function measureStarts<E, M extends string>(
  n: number,
  methods: readonly M[],
  start: (n: number, method: M) => Promise<Portal<E>>,
): Promise<StartAlone[]> {
  const times = new Map<string, number[]>();
  for (let i = 1; i <= n; i += 1) {
    for (const method of methods) {
      const portal = await start(i, method);
      const known = times.get(portal.spawnMethod) ?? [];
      times.set(portal.spawnMethod, [...known, portal.stats.startTime]);
      await portal.close();
    }
  }
  return [...times].map(([method, all]) => ({ method, times: all }));
}

export interface Alone {
  /** By how much this process grows for one actor that has worked and waits for more, in bytes. */
  readonly memory: number | undefined;
  /** The work, in ms: the median. */
  readonly ms: number;
}

/** Starts `n` actors in this process one after the other, each of which works once, and ends them together. */
export async function measureAlone<E>(
  n: number,
  start: (n: number) => Promise<Portal<E>>,
  work: (portal: Portal<E>) => Promise<unknown>,
): Promise<Alone> {
  const before = memoryOf("self");
  const portals: Portal<E>[] = [];
  const times: number[] = [];
  for (let i = 1; i <= n; i += 1) {
    const portal = await start(i);
    portals.push(portal);
    const began = performance.now();
    await work(portal);
    times.push(performance.now() - began);
  }
  const after = memoryOf("self");
  await Promise.all(portals.map((portal) => portal.close()));
  return {
    memory: before === undefined || after === undefined ? undefined : Math.max(0, after - before) / n,
    ms: times.sort((a, b) => a - b)[Math.floor(n / 2)]!,
  };
}
