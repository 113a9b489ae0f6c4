// Says what it finds itself to be.
import { spawn } from "node:child_process";
import crypto from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInContext, runInNewContext, Script, createContext } from "node:vm";
import { actor } from "../../nursery/source.js";
import { defineActor, endpoint } from "../../actor/index.js";

const { randomUUID, randomInt } = crypto;
/** Made when the module is loaded, in a template maybe. */
const early = createContext({});

/** Every source of randomness that Node has, as texts. */
export const SOURCES: Readonly<Record<string, () => string>> = {
  "Math.random": () => String(Math.random()),
  "Math.random of a new context": () => String(runInNewContext("Math.random()")),
  "Math.random of a script in a new context": () => String(new Script("Math.random()").runInNewContext()),
  "Math.random of a context that was there": () => String(runInContext("Math.random()", early)),
  "crypto.randomUUID": () => randomUUID(),
  "crypto.randomUUID without its cache": () => randomUUID({ disableEntropyCache: true }),
  "globalThis.crypto.randomUUID": () => globalThis.crypto.randomUUID(),
  "crypto.randomInt": () => String(randomInt(2 ** 48 - 1)),
  "crypto.randomBytes": () => crypto.randomBytes(8).toString("hex"),
  "crypto.getRandomValues": () => Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString("hex"),
  "crypto.randomFillSync": () => crypto.randomFillSync(Buffer.alloc(8)).toString("hex"),
};

const worker = actor<typeof import("./worker.js")>(new URL("./worker.js", import.meta.url));

type Drawn = Record<string, string[]>;
/** This very module, started by an actor of it. */
const below = actor<{ default: { endpoints: { draw(count: number): Drawn } } }>(new URL(import.meta.url));

/** Draws of each source: `count`, and fewer of those that make a whole context each time. */
function draw(count: number): Drawn {
  return Object.fromEntries(
    Object.entries(SOURCES).map(([name, one]) => [
      name,
      Array.from({ length: name.includes("new context") ? Math.min(count, 20) : count }, one),
    ]),
  );
}

const descriptors = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        const target = readlinkSync(`/proc/self/fd/${fd}`);
        return target.startsWith("/proc/") ? [] : [[fd, target]];
      } catch {
        return [];
      }
    }),
  );

export default defineActor({
  identity: () => ({
    pid: process.pid,
    ppid: process.ppid,
    own: Number(readFileSync("/proc/self/stat", "utf8").split(" ")[0]),
    title: process.title,
    execArgv: process.execArgv,
    cwd: process.cwd(),
    env: { ...process.env },
    umask: process.umask(),
    time: new Date(0).getHours(),
  }),
  draw,
  /** The same, in an actor of its own. */
  drawBelow: endpoint(async (task, count: number): Promise<Drawn> => {
    const nursery = await task.openNursery();
    return nursery.run(below, "draw", [count], { spawn: "forkserver" });
  }),
  /** What its host has offered, changed here, as an actor of its own has it. */
  findBelow: endpoint(async (task, key: string, word: string, count: number): Promise<unknown> => {
    task.inherited<{ words: Map<string, number> }>(key).words.set(word, count);
    const nursery = await task.openNursery();
    return nursery.run(worker, "find", [key, word], { spawn: "main_thread_forkserver" });
  }),
  directory() {
    const made = mkdtempSync(join(tmpdir(), "drawn-"));
    rmdirSync(made);
    return made;
  },
  descriptors,
  /** A listener for a signal, and a process: both need what libuv keeps beside the descriptors. */
  async signalsAndProcesses() {
    const heard = once(process, "SIGUSR2");
    process.kill(process.pid, "SIGUSR2");
    await heard;
    const child = spawn(process.execPath, ["-p", "6 * 7"]);
    const [chunk] = (await once(child.stdout, "data")) as [Buffer];
    await once(child, "exit");
    return chunk.toString().trim();
  },
  /** Standard output and error, and what an import costs. */
  say(text: string) {
    console.log(`out ${text}`);
    console.error(`err ${text}`);
  },
  memory: () => process.memoryUsage().heapUsed,
});
