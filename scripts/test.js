// npm test [-- --full] [--only PATTERN] [--rust|--ts] [--node PATH] [--jobs N]: all tests, Rust and TypeScript. The last line is
// `N passed, N failed`, with `, N skipped` after it when there are any.
import { parseArgs } from "node:util";
import { runCargoTests } from "./lib/cargo-test.js";
import { requireCargo } from "./lib/cargo.js";
import { at } from "./lib/checkout.js";
import { filesBelow } from "./lib/files.js";
import { skipJudge } from "./lib/skips.js";
import { endRunningFiles, runTestFile } from "./lib/test-file.js";
import { failWith, Refusal } from "./lib/tool.js";
import { setup } from "./setup.js";

const { values } = parseArgs({
  options: {
    /** More rounds and longer laws. */
    full: { type: "boolean", default: false },
    /** Files whose path contains this; for --rust, tests whose name does. */
    only: { type: "string" },
    rust: { type: "boolean", default: false },
    ts: { type: "boolean", default: false },
    /** The Node that runs the tests. */
    node: { type: "string", default: process.execPath },
    /** Files at a time; those named *.serial.test.ts run alone. */
    jobs: { type: "string", default: "2" },
  },
});

const counts = { passed: 0, failed: 0, skipped: 0 };
const unlistedSkips = skipJudge();

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
]) {
  process.once(signal, () => void endRunningFiles().finally(() => process.exit(code)));
}

await main().catch(failWith);

async function main() {
  const jobs = Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1)
    throw new Refusal(`--jobs: ${values.jobs} is not a whole number of at least 1`);
  for (const complaint of await setup({ tolerant: true })) {
    tell({
      path: "setup",
      ms: 0,
      passed: 0,
      skipped: [],
      failures: [{ name: "everything compiles", text: complaint }],
    });
  }
  if (values.rust || !(values.ts || values.only)) {
    await requireCargo();
    for (const result of await runCargoTests({ filter: values.only, full: values.full })) tell(result);
  }
  if (values.ts || !values.rust) await runFiles(jobs);
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
  process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
}

async function runFiles(jobs) {
  const all = filesBelow(at("build", "test")).filter(
    (file) => file.endsWith(".test.js") && (!values.only || file.includes(values.only)),
  );
  const alone = all.filter((file) => file.endsWith(".serial.test.js"));
  const shared = all.filter((file) => !alone.includes(file));
  const worker = async (queue) => {
    for (let file = queue.shift(); file; file = queue.shift())
      tell(await runTestFile(file, { node: values.node, full: values.full }));
  };
  await Promise.all(Array.from({ length: jobs }, () => worker(shared)));
  await worker(alone);
}

/** One line for what holds; everything that is known about what does not. */
function tell(result) {
  const failures = [...result.failures, ...unlistedSkips(result)];
  counts.passed += result.passed;
  counts.failed += failures.length;
  counts.skipped += result.skipped.length;
  const skipped = result.skipped.length > 0 ? `, ${result.skipped.length} skipped` : "";
  const summary = `(${result.passed} laws${skipped}, ${Math.round(result.ms)} ms)`;
  const notes = (result.notes ?? []).map((text) => indent(text));
  if (failures.length === 0)
    return void process.stdout.write(`${[`ok    ${result.path}  ${summary}`, ...notes].join("\n")}\n`);
  const parts = [
    `FAIL  ${result.path}  ${summary}`,
    ...notes,
    ...failures.map(({ name, text }) => `  ✘ ${name}\n${indent(text)}`),
  ];
  if (result.output?.trim()) parts.push(`  output of ${result.path}:\n${indent(result.output)}`);
  process.stdout.write(`${parts.join("\n")}\n`);
}

function indent(text) {
  return text.trimEnd().replaceAll(/^/gm, "      ");
}
