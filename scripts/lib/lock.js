// One process at a time. The lock is a directory that holds one file named after its owner; it is made beside and renamed into
// place, so it never exists without an owner. A dead owner's file is removed by its exact name: whoever comes late removes nothing.
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Runs `body` while holding the lock at `path`; waits for a living owner, takes over from a dead one. */
export async function withLock(path, body) {
  await acquire(path);
  try {
    return await body();
  } finally {
    release(path);
  }
}

/** Its own name goes first: from then on the directory may be the next owner's, and is left alone where it is. */
function release(path) {
  rmSync(join(path, ownerName(process.pid)), { force: true });
  try {
    rmdirSync(path);
  } catch {
    // The next one has it, or took the empty one away.
  }
}

async function acquire(path) {
  const own = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  rmSync(own, { recursive: true, force: true });
  mkdirSync(own);
  writeFileSync(join(own, ownerName(process.pid)), "");
  const since = Date.now();
  let told = false;
  for (;;) {
    if (tryRename(own, path)) return;
    const living = evictTheDead(path);
    if (!living) continue;
    if (!told && Date.now() - since > 1_000) {
      told = true;
      process.stderr.write(`setup  waiting for process ${living}, which is setting up this checkout\n`);
    }
    await sleep(50);
  }
}

function tryRename(own, path) {
  try {
    rmdirSync(path);
  } catch {
    // Missing, or owned.
  }
  try {
    renameSync(own, path);
    return true;
  } catch (error) {
    if (["ENOTEMPTY", "EEXIST", "EPERM", "EACCES"].includes(error.code)) return false;
    throw error;
  }
}

/** Removes a dead owner; returns the pid of a living one. */
function evictTheDead(path) {
  let names;
  try {
    names = readdirSync(path);
  } catch {
    return undefined;
  }
  for (const name of names) {
    const pid = Number(name.split("-")[0]);
    if (isAlive(pid) && ownerName(pid) === name) return pid;
    try {
      unlinkSync(join(path, name));
    } catch {
      // Another process was faster.
    }
  }
  return undefined;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** A process by its pid and, where that can be read, the time it started: pids are reused. */
function ownerName(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return `${pid}-${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return `${pid}-0`;
  }
}
