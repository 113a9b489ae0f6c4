// From packages to pages: README, its numbers and the API of each are worked on at once, a few packages at a time, and each page is
// written as soon as it is known. Nothing that a package does to its actors is felt by another package.
import { readFile } from "node:fs/promises";
import { withNursery, type Nursery } from "brood";
import { measureAlone, measureStarts, memoryOfProcess, type StartAlone } from "./alone.js";
import type { Crew } from "./crew.js";
import type { Package } from "./packages.js";
import { fileOf, indexPage, packagePage, type Entry, type Page, type Part } from "./page.js";
import type { Progress } from "./progress.js";
import type { Team } from "./report.js";
import type { Site } from "./site.js";
import { assembleTeams, startCounter, startDescriber, startRenderer, type Counter, type Teams } from "./teams.js";

/** Packages worked on at once: enough that no actor waits for a file to be read or written. */
const AT_ONCE = 8;

const FOOTER =
  "READMEs rendered by marked and counted in WebAssembly, API listed by the TypeScript compiler, each in actors of brood.";

export interface Assets {
  readonly stylesheet: string;
  /** Script of the index. */
  readonly search: string;
  /** Script of a package's page. */
  readonly anchors: string;
}

export interface Built {
  /** In the order of `packages`. */
  readonly entries: readonly Entry[];
  readonly teams: readonly Team[];
  /** What it takes to start an actor that has the compiler loaded: forked, and as a fresh process. */
  readonly starts: readonly StartAlone[];
}

export function buildSite(
  packages: readonly Package[],
  site: Site,
  assets: Assets,
  progress: Progress,
): Promise<Built> {
  return withNursery(
    async (nursery) => {
      const teams = await assembleTeams(nursery);
      let typical = "";
      const entries = await mapAtOnce(packages, AT_ONCE, async (of, at) => {
        const markdown = of.readme === undefined ? undefined : await readFile(of.readme, "utf8");
        const [readme, counts, api] = await Promise.all([
          markdown === undefined ? undefined : render(teams, markdown),
          markdown === undefined ? undefined : count(teams.counters, markdown),
          teams.describers.do((portal) => portal.call("describe", of.dir)),
        ]);
        if (readme?.ok === true && isMoreTypical(markdown!, typical)) typical = markdown!;
        const page: Page = { of, readme, counts, api };
        await site.writePackage(
          fileOf(of),
          packagePage(page, {
            previous: packages[at - 1],
            next: packages[at + 1],
            footer: FOOTER,
            script: assets.anchors,
          }),
        );
        const entry = entryOf(page);
        for (const failure of entry.failures) progress.note(`${of.name}: ${failure.code}`);
        progress.step(of.name);
        return entry;
      });
      await site.writeIndex(indexPage(entries, { footer: FOOTER, script: assets.search }), assets.stylesheet);
      const compared = await compare(nursery, teams, typical);
      const starts = await measureStarts(5, ["forkserver", "exec"], (n, method) =>
        startDescriber(nursery, 1000 + n, method),
      );
      return { entries, teams: compared, starts };
    },
    { name: "docsite", onDeath: "report" },
  );
}

const render = (teams: Teams, markdown: string): Promise<Part<string>> =>
  teams.renderers.do((portal) => portal.call("render", markdown), Buffer.byteLength(markdown));

async function count(counters: Crew<Counter>, markdown: string): Promise<Page["counts"]> {
  const bytes = Buffer.byteLength(markdown);
  const part = await counters.do((portal) => portal.call("brood:docsite/renderer#count", markdown), bytes);
  if (!part.ok) return part;
  const [words, headings, codeBlocks] = part.value;
  return { ok: true, value: { words, headings, codeBlocks } };
}

/** READMEs are short or long; this much is in between. */
const TYPICAL = 6 * 1024;
const isMoreTypical = (one: string, other: string): boolean =>
  Math.abs(one.length - TYPICAL) < Math.abs(other.length - TYPICAL);

/** The kinds of actor side by side; those that take a README on this one, after everything else. */
async function compare(nursery: Nursery, { renderers, counters, describers }: Teams, readme: string): Promise<Team[]> {
  const bytes = Buffer.byteLength(readme);
  const processes = describers.kept.map(memoryOfProcess).filter((each) => each !== undefined);
  const rendering = await measureAlone(
    8,
    (n) => startRenderer(nursery, 1000 + n, bytes),
    (portal) => portal.call("render", readme),
  );
  const counting = await measureAlone(
    100,
    (n) => startCounter(nursery, 1000 + n),
    (portal) => portal.call("brood:docsite/renderer#render", readme),
  );
  const speed = ({ ms }: { ms: number }): number => bytes / (ms / 1000);
  return [
    { work: "READMEs: marked", crew: renderers, memory: rendering.memory, speed: speed(rendering) },
    { work: "READMEs: words.wat", crew: counters, memory: counting.memory, speed: speed(counting) },
    {
      work: "APIs: TypeScript",
      crew: describers,
      memory: processes.length === 0 ? undefined : processes.reduce((sum, each) => sum + each, 0) / processes.length,
      speed: undefined,
    },
  ];
}

function entryOf({ of, readme, counts, api }: Page): Entry {
  const failures = [readme, counts, api].flatMap((part: Part<unknown> | undefined) =>
    part === undefined || part.ok ? [] : [part.failure],
  );
  return {
    of,
    readme: readme !== undefined,
    words: counts?.ok === true ? counts.value.words : 0,
    exports: api.ok ? api.value.exports.length : 0,
    failures,
  };
}

/** Maps in order of `items`, `limit` at a time; the first error ends it. */
async function mapAtOnce<T, R>(
  items: readonly T[],
  limit: number,
  map: (item: T, at: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) results[at] = await map(items[at]!, at);
  };
  await Promise.all(Array.from({ length: limit }, work));
  return results;
}
