// brood reap: finds what a dead host has left, and ends it. Nothing is expected: every actor and every template dies with its host by
// the kernel's hand, and this proves it.
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { leftFiles, leftProcesses, type LeftProcess } from "./left.js";
import { loadForkserver } from "../native/load.js";
import { Misuse, parseOptions } from "./misuse.js";

const HELP = `Usage: brood reap [--dry-run] [--json]

Ends processes of brood whose host is gone, and removes files that such a host has left half written.
None are expected: actors and templates die with their host.

      --dry-run   only says what there is
      --json      one line of JSON: { processes: [{ pid, kind, command, ended }], files: [{ path, removed }] }
  -h, --help      this text
`;

const SIGKILL = 9;
/** In which the kernel ends whoever has lost its lifeline; it takes some ms. */
const MOMENT = 500;

export async function reap(args: readonly string[]): Promise<number> {
  const values = parseOptions("reap", args, { "dry-run": { type: "boolean" }, json: { type: "boolean" } }, HELP);
  if (values === undefined) return 0;
  if (process.platform !== "linux") throw new Misuse("reap: it reads /proc, which only Linux has");
  const dry = values["dry-run"] === true;
  const processes = (await lasting()).map((left) => ({ ...left, ended: dry ? false : end(left) }));
  const files = leftFiles().map((path) => ({ path, removed: dry ? false : remove(path) }));
  if (values.json === true) {
    process.stdout.write(
      `${JSON.stringify({
        processes: processes.map(({ pid, kind, command, ended }) => ({ pid, kind, command, ended })),
        files,
      })}\n`,
    );
    return 0;
  }
  for (const { pid, kind, command, ended } of processes)
    process.stdout.write(`${ended ? "ended" : "found"}  ${kind} ${pid}  ${command}\n`);
  for (const { path, removed } of files) process.stdout.write(`${removed ? "removed" : "found"}  ${path}\n`);
  if (processes.length + files.length === 0) process.stdout.write("Nothing is left of any host.\n");
  return 0;
}

/** Those that stay: one that is being ended right now, or born, is nobody's leftover. */
async function lasting(): Promise<LeftProcess[]> {
  const first = leftProcesses();
  if (first.length === 0) return [];
  await sleep(MOMENT);
  const again = new Set(leftProcesses().map(({ pid }) => pid));
  return first.filter(({ pid, isStill }) => again.has(pid) && isStill());
}

/** Ends a process and its group; false where it was gone already. By its handle, so that nobody else can be meant. */
function end({ pid, isStill }: LeftProcess): boolean {
  const { ProcessHandle } = loadForkserver();
  let handle;
  try {
    handle = ProcessHandle.open(pid);
  } catch {
    return false;
  }
  try {
    if (!isStill()) return false;
    const group = handle.signalGroup(SIGKILL);
    // With its group it may be gone and reaped by now.
    return handle.signal(SIGKILL) || group;
  } finally {
    handle.close();
  }
}

function remove(path: string): boolean {
  try {
    rmSync(path);
    return true;
  } catch {
    return false;
  }
}
