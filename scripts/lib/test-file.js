// Runs one compiled test file in a process of its own and judges it from outside: each law has a deadline kept here, a process
// that does not end, crashes or leaves offspring is a failure. What a file tells comes over descriptor 3 (test/harness/report.ts)
// and, for the counts, as the totals that uvu prints: plain uvu files are judged too, as a whole.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { at, ROOT, shown } from "./checkout.js";
import { describeProcess, killOffspring, killQuietly, leftBehind, markProcess, offspringOf } from "./offspring.js";
import { Tail } from "./tail.js";

/** From the start of the process to its first law, from one law to the next, and for plain uvu files as a whole; ms. */
const SILENCE = 120_000;
/** From the printed totals to the end of the process; ms. */
const LINGER = 5_000;
/** For the dump of what hangs, which has a bound of its own; ms. */
const DUMP = 3_000;
/** How long what a file started may take to be gone once its process has ended; ms. */
const PATIENCE = 1_000;

/** Running files, so that the end of the runner ends them. */
const running = new Set();

/** Ends every running file and what it started, at once. */
export async function endRunningFiles() {
  await Promise.all(
    [...running].map((mark) => {
      killQuietly(-mark.pid);
      killQuietly(mark.pid);
      return killOffspring(mark);
    }),
  );
}

/** Resolves to `{ path, ms, passed, skipped: [name], notes: [text], failures: [{ name, text }] }`; never rejects on account of the file. */
export async function runTestFile(file, { node = process.execPath, full = false, linger = LINGER } = {}) {
  const since = performance.now();
  const id = randomUUID();
  // Of its own: what other files have at the same time is no leak of this one.
  const directory = mkdtempSync(join(tmpdir(), "test-"));
  // A host that can fork itself is started by the command that users have for it.
  const live = file.endsWith(".live.test.js");
  const [command, ...args] = live ? ["sh", at("bin", "brood"), "run"] : [node];
  const child = spawn(command, [...args, "--enable-source-maps", file], {
    cwd: ROOT,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: {
      ...process.env,
      ...(live ? { PATH: `${dirname(node)}${delimiter}${process.env.PATH}` } : {}),
      NO_COLOR: "1",
      TMPDIR: directory,
      // tsc leaves one in TMPDIR since Node 22.
      NODE_DISABLE_COMPILE_CACHE: "1",
      BROOD_TEST_RUN: id,
      BROOD_TEST_REPORT: "3",
      ...(full ? { BROOD_FULL: "1" } : {}),
    },
  });
  const spawned = await new Promise((resolve) => {
    child.once("spawn", () => resolve(undefined));
    child.once("error", resolve);
  });
  if (spawned) {
    rmSync(directory, { recursive: true });
    return {
      path: shown(file),
      ms: 0,
      passed: 0,
      skipped: [],
      notes: [],
      failures: [{ name: "start", text: `${node}: ${spawned.message}` }],
    };
  }

  const mark = markProcess(child.pid, id);
  running.add(mark);
  const watch = new Watch(child, mark, linger);
  const ended = await new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
  watch.stop();
  const left = await leftBehind(mark, watch.overdue ? 0 : PATIENCE);
  await killOffspring(mark);
  running.delete(mark);
  await Promise.race([watch.drained, sleep(200)]);
  for (const stream of child.stdio) stream?.destroy();
  const files = watch.overdue ? [] : readdirSync(directory);
  rmSync(directory, { recursive: true, force: true });
  return { path: shown(file), ms: performance.now() - since, ...judge(watch, ended, left, files) };
}

/** Follows one process: what it reports, what it prints, and whether it keeps its deadlines. */
class Watch {
  output = new Tail();
  failures = [];
  skipped = [];
  notes = [];
  law;
  overdue = false;
  drained;
  #child;
  #mark;
  #linger;
  #timer;
  #answer;
  #dumped;
  #reports = false;

  constructor(child, mark, linger) {
    this.#child = child;
    this.#mark = mark;
    this.#linger = linger;
    const onOutput = (chunk) => {
      this.output.write(chunk);
      if (this.totals) this.#expectNext();
    };
    child.stdout.setEncoding("utf8").on("data", onOutput);
    child.stderr.setEncoding("utf8").on("data", onOutput);
    const reports = createInterface({ input: child.stdio[3] });
    reports.on("line", (line) => this.#hear(JSON.parse(line)));
    this.drained = Promise.all(
      [child.stdout, child.stderr, child.stdio[3]].map(
        (stream) => new Promise((resolve) => stream.once("close", resolve)),
      ),
    );
    this.#expect(SILENCE, "its first law");
  }

  /** The totals that uvu printed, once it has. */
  get totals() {
    const found = this.output.text.match(/\n {2}Total: {5}(\d+)\n {2}Passed: {4}(\d+)\n {2}Skipped: {3}(\d+)\n/);
    return found ? { total: Number(found[1]), passed: Number(found[2]), skipped: Number(found[3]) } : undefined;
  }

  /** The end of what it printed; without what uvu says of failures, if they are told by reports. */
  get said() {
    if (!this.#reports) return this.output.lines(60);
    const blocks = this.output.text.search(/\n+ {3}FAIL {2}/);
    return new Tail().write(blocks < 0 ? this.output.text : this.output.text.slice(0, blocks)).lines(60);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #hear(report) {
    this.#reports = true;
    if (report.kind === "begin") {
      this.law = report.name;
      this.#expect(report.deadline, `the law "${report.name}"`);
    } else if (report.kind === "end") {
      this.law = undefined;
      if (report.error !== undefined) this.failures.push({ name: report.name, text: report.error });
      this.#expectNext();
    } else if (report.kind === "skip") {
      this.skipped.push(report.name);
    } else if (report.kind === "note") {
      this.notes.push(report.text);
    } else if (report.kind === "resources") {
      this.#answer?.(report.list);
    } else if (report.kind === "dump") {
      this.#dumped?.(report.text);
    }
  }

  /** The last report and the totals come in either order. */
  #expectNext() {
    if (this.totals) this.#expect(this.#linger, "the process to end after its last law");
    else this.#expect(SILENCE, "its next law");
  }

  #expect(ms, what) {
    if (this.overdue) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#giveUp(ms, what), ms);
  }

  async #giveUp(ms, what) {
    this.overdue = true;
    const lines = [`waited ${ms} ms for ${what}; it was ended`, await this.#resources()];
    lines.push(
      "processes:",
      ...[this.#child.pid, ...offspringOf(this.#mark).map(({ pid }) => pid)].map(
        (pid) => `  ${describePid(pid, this.#mark)}`,
      ),
    );
    this.failures.push({ name: this.law ?? what, text: lines.join("\n") });
    killQuietly(-this.#child.pid);
    killQuietly(this.#child.pid);
  }

  /** Asks the process what keeps it; only one with the harness listens, to others the signal would be deadly. */
  async #resources() {
    if (!this.#reports || process.platform === "win32")
      return "it does not use the harness: nothing is known of its event loop";
    const answer = new Promise((resolve) => (this.#answer = resolve));
    const dump = new Promise((resolve) => (this.#dumped = resolve));
    process.kill(this.#child.pid, "SIGUSR2");
    const list = await Promise.race([answer, sleep(1_000)]);
    if (!list) return "its event loop did not answer within 1 s: JavaScript or a native call blocks it";
    const tree = await Promise.race([dump, sleep(DUMP)]);
    return [
      `its event loop runs and is kept by: ${list.join(", ") || "nothing"}`,
      ...(tree
        ? [
            "what its actors do:",
            ...tree
              .trimEnd()
              .split("\n")
              .map((line) => `  ${line}`),
          ]
        : []),
    ].join("\n");
  }
}

function describePid(pid, mark) {
  const found = offspringOf({ ...mark, pid: 0 }).find((process) => process.pid === pid);
  return found ? describeProcess(found) : `${pid} (gone)`;
}

function judge(watch, { code, signal }, left, files) {
  const { totals, failures, skipped, notes } = watch;
  const how = signal ? `was ended by ${signal}` : `ended with code ${code}`;
  if (!watch.overdue && !totals) {
    const law = watch.law === undefined ? "before it told its totals" : `during the law "${watch.law}"`;
    failures.push({ name: watch.law ?? "the file", text: `the process ${how} ${law}` });
  }
  if (totals) {
    const untold = totals.total - totals.passed - failures.filter(({ name }) => name !== "the file").length;
    for (let count = 0; count < untold && !watch.overdue; count += 1)
      failures.push({ name: "a case of uvu", text: "its message is in the output below" });
    if (totals.skipped > skipped.length)
      failures.push({
        name: "skips",
        text: `${totals.skipped} skipped, but only ${skipped.length} by name: use the harness to skip`,
      });
    if (!watch.overdue && failures.length === 0 && (signal || code !== 0))
      failures.push({ name: "the file", text: `all laws hold, but the process ${how}` });
  }
  if (left.length > 0)
    failures.push({
      name: "left behind",
      text: `these processes outlived the file and were killed:\n${left.map(({ line }) => `  ${line}`).join("\n")}`,
    });
  if (files.length > 0)
    failures.push({ name: "left behind", text: `these temporary files were removed:\n  ${files.join("\n  ")}` });
  return { passed: totals?.passed ?? 0, skipped, notes, failures, output: failures.length > 0 ? watch.said : "" };
}
