// Notices what a test leaves in this process and beside it: descriptors, threads, children, what keeps the event loop, and files
// of brood. What is going away may take a second; what then is extra is named. What a template has forked ahead is ended first. Linux
// only, elsewhere nothing is checked.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import { dropSpares } from "../spawn/templates.js";
import { processesBelow } from "./processes.js";

/** How long after a test something may still be going away; ms. */
const PATIENCE = 1_000;

export interface LeakCheck {
  /** Takes what is there now as what may be there. */
  snapshot(): void;
  /** Throws an error that lists what is there beyond the snapshot; waits up to a second for it to go. */
  assertSame(): Promise<void>;
}

// Both are opened when they are first used, and then stay.
void process.stdout;
void process.stderr;

/** Each kind of thing, as the list of those that are there. */
type Inventory = Record<string, string[]>;

/**
 * A check to be put around tests: `snapshot()` before each, `await assertSame()` after it. The first thing of its
 * kind may start what then stays (a thread pool, a watcher): let one test run before the first snapshot.
 * @param beside processes that run beside the tests, with all below them
 */
export function leakCheck(beside: ReadonlySet<number> = new Set()): LeakCheck {
  let before: Inventory | undefined;
  return {
    snapshot() {
      before = takeInventory(beside);
    },
    async assertSame() {
      if (before === undefined) throw new Error("leakCheck: assertSame() before snapshot()");
      const until = performance.now() + PATIENCE;
      for (;;) {
        await turn();
        const extra = difference(before, takeInventory(beside));
        if (extra.length === 0) return;
        if (performance.now() > until) throw new Error(`left behind:\n${extra.map((line) => `  ${line}`).join("\n")}`);
        await sleep(10);
      }
    },
  };
}

function takeInventory(beside: ReadonlySet<number>): Inventory {
  if (process.platform !== "linux") return {};
  dropSpares();
  return {
    descriptor: names("/proc/self/fd").flatMap(descriptor),
    thread: names("/proc/self/task").flatMap((id) => text(`/proc/self/task/${id}/comm`).filter(isOwn)),
    child: processesBelow(beside),
    "active resource": process.getActiveResourcesInfo(),
    file: [tmpdir(), process.env["XDG_RUNTIME_DIR"]].flatMap(broodFiles),
  };
}

/** The engine's threads belong to no actor: there are a few, and they come and go with the loading of components. */
function isOwn(thread: string): boolean {
  return !/^brood-(engine|compile|ticker)/.test(thread);
}

/** Anonymous targets carry an inode that is new each time: they are told by their kind, and counted. */
function descriptor(fd: string): string[] {
  try {
    const target = readlinkSync(`/proc/self/fd/${fd}`);
    // The descriptor that reads this very directory.
    if (/^\/proc\/\d+\/fd$/.test(target)) return [];
    // The code of a component that was loaded stays, as that of a module does.
    if (target.endsWith(".cwasm")) return [];
    return [target.replace(/^(socket|pipe|anon_inode):.*?(\[[a-z_-]+\])?(\[\d+\])?$/, "$1$2")];
  } catch {
    return [];
  }
}

function broodFiles(directory: string | undefined): string[] {
  if (directory === undefined) return [];
  return names(directory)
    .filter((name) => name.startsWith("brood"))
    .map((name) => join(directory, name));
}

/** What is in `after` more often than in `before`, a line for each. */
function difference(before: Inventory, after: Inventory): string[] {
  return Object.entries(after).flatMap(([kind, things]) => {
    const left = [...(before[kind] ?? [])];
    return things.flatMap((thing) => {
      const index = left.indexOf(thing);
      if (index === -1) return [`${kind}: ${thing}`];
      left.splice(index, 1);
      return [];
    });
  });
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function text(file: string): string[] {
  try {
    return [readFileSync(file, "utf8").trimEnd()];
  } catch {
    return [];
  }
}
