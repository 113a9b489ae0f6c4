// npm run demo: a browsable site of the packages in node_modules. Two more packages come from hostile/, each with a README of less than
// 4 KiB: one over which its renderer would compute for ever, one that exhausts its memory. Exit code 0: the site is there; 2: the command line cannot be followed.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Cancelled, NurseryClosed } from "brood";
import { buildSite } from "./build-site.js";
import { parseOptions, USAGE, UsageError } from "./options.js";
import { findPackages } from "./packages.js";
import { createProgress } from "./progress.js";
import {
  closingTable,
  summarizeAlone,
  summarizeLosses,
  summarizeStarts,
  summarizeTeam,
  type Summary,
} from "./report.js";
import { Site } from "./site.js";

// This file runs as build/examples/docsite/main.js; what is not compiled is read where it was written.
const project = fileURLToPath(new URL("../../../", import.meta.url));
const here = join(project, "examples", "docsite");

async function main(): Promise<void> {
  const began = performance.now();
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return void process.stdout.write(USAGE);
  const packages = await findPackages(join(project, "node_modules"), join(here, "hostile"));
  const asset = (name: string): Promise<string> => readFile(join(here, name), "utf8");
  const assets = {
    stylesheet: await asset("styles.css"),
    search: await asset("search.js"),
    anchors: await asset("anchors.js"),
  };
  const site = await Site.prepare(options.out ?? join(project, "build", "docsite"));

  const progress = createProgress(process.stderr, packages.length);
  const { entries, teams, restarts, starts } = await buildSite(packages, site, assets, progress).finally(() =>
    progress.end(),
  );

  const failed = entries.filter((entry) => entry.failures.length > 0);
  const summary: Summary = {
    pages: entries.length,
    rendered: entries.length - failed.length,
    killed: failed.map((entry) => ({
      page: entry.of.name,
      reason: entry.failures.map((failure) => `${failure.code}: ${failure.text}`).join("; "),
    })),
    ...summarizeLosses(teams),
    restarts,
    spawn: summarizeStarts(teams),
    teams: teams.map(summarizeTeam),
    starts: summarizeAlone(starts),
    out: site.dir,
  };
  if (options.json !== undefined) {
    await mkdir(dirname(options.json), { recursive: true });
    await writeFile(options.json, `${JSON.stringify(summary, undefined, 2)}\n`);
  }
  process.stdout.write(closingTable(summary, site.index, (performance.now() - began) / 1000, process.stdout));
}

/** brood has ended the actors and is about to end this process by the same signal: who sent it needs no explanation. */
function isInterruption(error: unknown): boolean {
  if (error instanceof Cancelled) return error.via === "host signal";
  return error instanceof NurseryClosed && isInterruption(error.cause);
}

await main().catch((error: unknown) => {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  if (isInterruption(error)) return void process.stderr.write("Interrupted.\n");
  process.stderr.write(
    `The site could not be made: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
});
