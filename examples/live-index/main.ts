// npm run live-index: a search over the READMEs in node_modules, whose host forks itself for every heavy query, index included. Exit code 0: it
// has served until it was stopped, or was asked once and every answer was right; 2: the command line cannot be followed; 1: it cannot be
// forked, or something else went wrong.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Unsupported, withNursery } from "brood";
import { UsageError } from "../docsite/options.js";
import { startSearcher } from "./ask.js";
import { heading, inMiB, inMs, legend, rowOf } from "./figures.js";
import { Host } from "./host.js";
import { askAll, countEqual, type Outcome } from "./once.js";
import { parseOptions, USAGE, type Options } from "./options.js";
import { readPages, type SourcePage } from "./pages.js";
import { Serving, type Asset } from "./server.js";

// This file runs as build/examples/live-index/main.js; what is not compiled is read where it was written.
const project = fileURLToPath(new URL("../../../", import.meta.url));
const examples = join(project, "examples");

const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) return void process.stdout.write(USAGE);
  await withNursery(
    async (nursery) => {
      // Where this process cannot be forked, that is said before anything else is done.
      await (await startSearcher(nursery)).close();
      const pages = await readPages(join(project, "node_modules"));
      using host = new Host(nursery, { pages, every: options.every, onAsked: (asked) => say(rowOf(asked)) });
      const { heap } = host.status;
      await using serving = await Serving.begin(host, options.port, await readAssets()).catch((error: unknown) => {
        throw new UsageError(`--port: got ${options.port}. ${(error as Error).message}.`);
      });
      greet(host, serving, options);
      const stopped = toldToStop().then(() => say(options.once ? "Stopped before all was asked." : "Stopped."));
      if (!options.once) return await stopped;
      // Of a run that is stopped only this is said.
      process.exitCode = 1;
      await Promise.race([stopped, runOnce(serving, pages, heap, options)]);
    },
    // The death of an actor is about one query.
    { name: "live-index", onDeath: "report" },
  );
}

async function readAssets(): Promise<ReadonlyMap<string, Asset>> {
  const asset = async (type: string, ...path: string[]): Promise<Asset> => ({
    type,
    content: await readFile(join(examples, ...path), "utf8"),
  });
  return new Map([
    ["/", await asset("text/html", "live-index", "page.html")],
    ["/styles.css", await asset("text/css", "docsite", "styles.css")],
    ["/page.css", await asset("text/css", "live-index", "page.css")],
    ["/page.js", await asset("text/javascript", "live-index", "page.js")],
  ]);
}

function greet({ status }: Host, { url }: Serving, { every, once }: Options): void {
  const count = (n: number): string => n.toLocaleString("en-US");
  say(`${count(status.pages)} pages, ${count(status.words)} words, ${count(status.terms)} of them different`);
  say(`heap   ${inMiB(status.heap)}, most of it the index; every ${count(every)} ms it has its next edition`);
  say(`page   ${url}${once ? "" : "  (Ctrl-C ends it)"}\n`);
  say(heading(process.stdout));
}

async function runOnce(serving: Serving, pages: readonly SourcePage[], heap: number, { json }: Options): Promise<void> {
  const { light, heavy } = await askAll(serving.url);
  const equal = countEqual(pages, heavy);
  const outcome: Outcome = { node: process.version, heap, light, heavy, equal };
  say(`\n${legend(process.stdout)}\n`);
  for (const { query, answer, took } of light) say(`light  ${query}: ${answer.pages} pages in ${inMs(took)}`);
  say(
    `\n${equal} of ${heavy.length} heavy answers are what the host itself finds in an index built anew of their edition`,
  );
  if (json !== undefined) await writeFile(json, `${JSON.stringify(outcome, undefined, 2)}\n`);
  if (equal === heavy.length) process.exitCode = 0;
}

/** Resolves when this program is told to stop, by Ctrl-C or otherwise: it then ends as it would by itself. Told again, it ends at once. */
function toldToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
  });
}

await main().catch((error: unknown) => {
  if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  process.exitCode = 1;
  process.stderr.write(
    error instanceof Unsupported
      ? `${error.message}\n`
      : `The index cannot be served: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
});
