// Runs the Rust tests and counts them as cargo tells them.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from "node:fs";
import { at, ROOT } from "./checkout.js";
import { killQuietly } from "./offspring.js";
import { step } from "./step.js";
import { Refusal, runTool } from "./tool.js";

/** A test program prints a line for each test that ended; one that is silent for so long hangs; ms. */
const SILENCE = 120_000;
const COMMON = ["test", "--workspace", "--locked", "--target-dir", at("target")];

/** Resolves to a list of `{ path, ms, passed, skipped, failures, output }`, one for each test program. */
export async function runCargoTests({ filter, full = false } = {}) {
  try {
    await step("cargo test --no-run", () => runTool("cargo", [...COMMON, "--no-run"]));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return [
      { path: "cargo test", ms: 0, passed: 0, skipped: [], failures: [{ name: "compiles", text: error.message }] },
    ];
  }
  const log = at("build", "cargo-test.log");
  mkdirSync(at("build"), { recursive: true });
  const since = performance.now();
  const hung = await runIntoLog(["--no-fail-fast", ...(filter ? ["--", filter] : [])], log, full);
  return readLog(readFileSync(log, "utf8"), performance.now() - since, hung);
}

/** One descriptor for both outputs keeps their order. Resolves to whether it had to be killed, and its code. */
function runIntoLog(args, log, full) {
  const fd = openSync(log, "w");
  const env = { ...process.env, CARGO_TERM_COLOR: "never", ...(full ? { BROOD_FULL: "1" } : {}) };
  const child = spawn("cargo", [...COMMON, ...args], { cwd: ROOT, detached: true, stdio: ["ignore", fd, fd], env });
  closeSync(fd);
  return new Promise((resolve, reject) => {
    let size = 0;
    let since = Date.now();
    let killed = false;
    const end = () => killQuietly(-child.pid);
    const timer = setInterval(() => {
      const now = statSync(log).size;
      if (now !== size) [size, since] = [now, Date.now()];
      else if (Date.now() - since > SILENCE) {
        killed = true;
        end();
      }
    }, 1_000);
    process.on("exit", end);
    child.on("error", reject);
    child.on("exit", (code) => {
      clearInterval(timer);
      process.off("exit", end);
      resolve({ killed, code });
    });
  });
}

/** Reads what cargo printed. Exported for its test. */
export function readLog(text, ms, { killed, code }) {
  const programs = [];
  let current;
  for (const line of text.split("\n")) {
    const start = line.match(
      /^ +(?:Running (\S+(?: \S+)?) \(.*?deps[/\\](.+)-[0-9a-f]+(?:\.exe)?\)|(Doc-tests) (\S+))$/,
    );
    if (start) {
      const path = start[3] ? `${start[4]} (doc)` : `${start[2]} ${start[1]}`;
      programs.push(
        (current = { path, ms: 0, passed: 0, failed: 0, skipped: [], failures: [], output: "", told: false }),
      );
      continue;
    }
    if (!current) continue;
    current.output += `${line}\n`;
    const one = line.match(/^test (.+) \.\.\. (FAILED|ignored)/);
    if (one?.[2] === "FAILED") current.failures.push({ name: one[1], text: "see the output below" });
    if (one?.[2] === "ignored") current.skipped.push(one[1]);
    const result = line.match(/^test result: \w+\. (\d+) passed; (\d+) failed;.* finished in ([\d.]+)s/);
    if (result)
      Object.assign(current, {
        passed: Number(result[1]),
        failed: Number(result[2]),
        ms: Number(result[3]) * 1_000,
        told: true,
      });
  }
  for (const program of programs) {
    for (let count = program.failures.length; count < program.failed; count += 1)
      program.failures.push({ name: "a test", text: "see the output below" });
    if (!program.told)
      program.failures.push({
        name: "the program",
        text: killed ? `silent for ${SILENCE} ms; it was killed` : "ended without a result",
      });
    if (program.failures.length === 0) program.output = "";
  }
  if (code !== 0 && programs.every((program) => program.failures.length === 0)) {
    programs.push({
      path: "cargo test",
      ms,
      passed: 0,
      skipped: [],
      failures: [{ name: "cargo", text: `ended with code ${code}` }],
      output: text.slice(-20_000),
    });
  }
  return programs.filter((program) => program.passed + program.failures.length + program.skipped.length > 0);
}
