// Tells what its process looks like from inside.
import { readdirSync, readlinkSync } from "node:fs";
import inspector from "node:inspector";
import { defineActor } from "../../actor/index.js";

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
});
