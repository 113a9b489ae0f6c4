// npm run bench: brood beside what a user would take instead. Exit code 0: it was measured, whatever the figures are; 1: something
// did not work; 2: the command line cannot be followed.
import { documentOf, machine } from "./harness/document.js";
import { summarize, type Result } from "./harness/figures.js";
import type { Row } from "./harness/row.js";
import { sample, type Plan } from "./harness/sampler.js";
import { tableOf } from "./harness/table.js";
import { parseOptions, USAGE, UsageError, type Options } from "./options.js";
import { ROWS } from "./rows.js";

/** Rounds of --quick, after one of warm-up. */
const QUICK_ROUNDS = 2;

async function main(): Promise<void> {
  const options = parseOptions(
    process.argv.slice(2),
    ROWS.map(({ name }) => name),
  );
  if (options.help) return void process.stdout.write(USAGE);
  const table = options.json ? process.stderr : process.stdout;
  table.write(`${machine()}; Node ${process.version}\n\n`);
  const results: Result[] = [];
  for (const row of ROWS) {
    if (options.only !== undefined && !options.only.includes(row.name)) continue;
    const result = summarize(row, await sample(row, planOf(row, options)));
    results.push(result);
    table.write(`${tableOf(result)}\n`);
  }
  if (options.json) process.stdout.write(`${JSON.stringify(documentOf(results), undefined, 2)}\n`);
}

function planOf(row: Row, { quick, rounds }: Options): Plan {
  const most = quick ? { rounds: QUICK_ROUNDS, warmUp: 1 } : { rounds: Infinity, warmUp: Infinity };
  const own = { rounds: Math.min(row.rounds, most.rounds), warmUp: Math.min(row.warmUp, most.warmUp) };
  return { ...own, ...(rounds === undefined ? {} : { rounds }) };
}

await main().catch((error: unknown) => {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  // What was started for a row that failed is not waited for; none of it outlives this process.
  process.exit(1);
});
