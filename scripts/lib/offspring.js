// Finds every process that a test file has started, also those that left its group, its session and its environment behind.
// Two marks are handed down by the kernel on fork and exec: the environment, which an actor does not get, and the OOM score
// adjustment, which it cannot help getting. Linux only; elsewhere nothing is found.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const MARKS = { from: 100, to: 990 };

/** Marks the fresh process `pid`, before it had time to start anything. `id` is in its environment as BROOD_TEST_RUN. */
export function markProcess(pid, id) {
  const taken = new Set(processes().map(({ pid: other }) => read(other, "oom_score_adj").trim()));
  let mark = MARKS.from + Math.floor(Math.random() * (MARKS.to - MARKS.from));
  while (taken.has(String(mark)) && taken.size < MARKS.to - MARKS.from) mark = mark < MARKS.to ? mark + 1 : MARKS.from;
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, String(mark));
    return { pid, id, score: String(mark) };
  } catch {
    return { pid, id, score: undefined };
  }
}

/** The living processes with this mark, the marked process itself left out; zombies are dead and wait for their parent only. */
export function offspringOf(mark) {
  return processes().filter((process) => process.pid !== mark.pid && process.state !== "Z" && isMarked(process, mark));
}

/** Waits up to `patience` ms until there is none; returns those that remain, with a line that describes each. */
export async function leftBehind(mark, patience) {
  const until = performance.now() + patience;
  for (;;) {
    const found = offspringOf(mark);
    if (found.length === 0 || performance.now() > until)
      return found.map((process) => ({ ...process, line: describeProcess(process) }));
    await sleep(20);
  }
}

/** Kills them, and what they start meanwhile. */
export async function killOffspring(mark) {
  for (let round = 0; round < 50; round += 1) {
    const found = offspringOf(mark);
    if (found.length === 0) return;
    for (const { pid } of found) killQuietly(pid);
    await sleep(20);
  }
}

/** SIGKILL, to a process or, with a negative id, to a group; that it is gone already is what we want. */
export function killQuietly(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone.
  }
}

/** One line for people: who, in what state, waiting in which kernel function, with which command line. */
export function describeProcess({ pid, ppid, state }) {
  const command = read(pid, "cmdline").replaceAll("\0", " ").trim() || `[${read(pid, "comm").trim()}]`;
  return `${pid} (parent ${ppid}) ${state} ${read(pid, "wchan") || "-"}  ${command}`;
}

function isMarked({ pid, group, session }, mark) {
  if (group === mark.pid || session === mark.pid) return true;
  if (mark.score !== undefined && read(pid, "oom_score_adj").trim() === mark.score) return true;
  return read(pid, "environ").split("\0").includes(`BROOD_TEST_RUN=${mark.id}`);
}

function processes() {
  let names;
  try {
    names = readdirSync("/proc");
  } catch {
    return [];
  }
  return names
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = read(name, "stat");
      if (stat === "") return [];
      const [state, ppid, group, session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return [{ pid: Number(name), state, ppid: Number(ppid), group: Number(group), session: Number(session) }];
    });
}

function read(pid, name) {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return "";
  }
}
