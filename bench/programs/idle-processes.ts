// What an idle process takes in memory: the proportional share (PSS) of each of some, all alive. Arguments: "actor" or "fork", "tiny" or
// "heavy", how many.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { actor, openNursery } from "brood";
import { ended, forked } from "../peers/forked.js";

export interface IdleProcesses {
  /** KiB of each. */
  readonly pss: number;
}

const [how, which, count] = [process.argv[2], process.argv[3], Number(process.argv[4])];

function pssOf(pids: readonly number[]): number {
  const sum = pids.reduce((kib, pid) => {
    const found = /^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
    if (found === null) throw new Error(`process ${pid} does not tell its memory`);
    return kib + Number(found[1]);
  }, 0);
  return sum / pids.length;
}

/** A moment for whatever ends by itself. */
const MOMENT = 200;

async function actors(): Promise<number> {
  const nursery = await openNursery({ startTimeout: 60_000 });
  const what = actor(new URL(`../actors/${which}.js`, import.meta.url));
  const pids: number[] = [];
  for (let index = 0; index < count; index++) {
    const portal = await nursery.start(what, {
      name: "idle",
      spawn: "forkserver",
      ...(which === "heavy" ? { preload: ["typescript"] } : {}),
    });
    if (portal.spawnMethod !== "forkserver") throw new Error(portal.spawnReason);
    await portal.call(which === "heavy" ? "version" : "ping");
    pids.push(portal.id.pid as number);
  }
  await sleep(MOMENT);
  const pss = pssOf(pids);
  await nursery.close();
  return pss;
}

async function forks(): Promise<number> {
  const children = [];
  for (let index = 0; index < count; index++) {
    const child = forked(new URL(`../peers/${which}-fork.js`, import.meta.url));
    await once(child, "message");
    children.push(child);
  }
  await sleep(MOMENT);
  const pss = pssOf(children.map(({ pid }) => pid as number));
  await Promise.all(children.map(ended));
  return pss;
}

const found: IdleProcesses = { pss: how === "actor" ? await actors() : await forks() };
process.stdout.write(JSON.stringify(found));
