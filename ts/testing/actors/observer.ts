// Tells what its process looks like from inside.
import { readdirSync, readlinkSync } from "node:fs";
import inspector from "node:inspector";
import { defineActor, endpoint } from "../../actor/index.js";
import { actor } from "../../nursery/source.js";
import type { ActorInfo } from "../../context/surface.js";
import type { ActorId } from "../../errors/identity.js";

export interface Known extends ActorInfo {
  readonly caller: ActorId;
  readonly pid: number;
}

const self = actor<typeof import("./observer.js")>(new URL(import.meta.url));

export default defineActor({
  debugging: () => ({
    inspector: inspector.url() ?? null,
    ipc: process.send !== undefined || process.channel !== undefined || process.connected === true,
    env: Object.keys(process.env).filter((name) => /^NODE_|^BROOD_CHANNEL$|^VSCODE_/.test(name)),
    execArgv: process.execArgv,
    coverage: process.env["NODE_V8_COVERAGE"] ?? null,
  }),
  process: () => ({
    env: { ...process.env },
    cwd: process.cwd(),
    execArgv: process.execArgv,
    argv: process.argv,
    pid: process.pid,
    ppid: process.ppid,
  }),
  loaded: (name: string) => (globalThis as Record<string, unknown>)[name] ?? null,
  condition: async (specifier: string) => ((await import(specifier)) as { default: string }).default,
  /** Descriptors by number, as /proc tells what they are. */
  descriptors: () =>
    readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        const target = readlinkSync(`/proc/self/fd/${fd}`);
        return /^\/proc\/\d+\/fd$/.test(target) ? [] : [[Number(fd), target] as const];
      } catch {
        return [];
      }
    }),
  /** What it knows of itself, and the actors below it: one for each name, each below the one before. */
  known: endpoint(async (task, names: string[]): Promise<Known[]> => {
    const own: Known = { ...task.actor, caller: task.caller, pid: process.pid };
    const [name, ...further] = names;
    if (name === undefined) return [own];
    const nursery = await task.openNursery();
    const portal = await nursery.start(self, { name, spawn: task.actor.spawnMethod as "exec" });
    return [own, ...(await portal.call("known", further))];
  }),
});
