// From packages to pages: the parts of each are made by a supervised press, a few packages at a time, and each page is written as soon as
// it is known. Nothing that a package does to its actors is felt by another package, and no page is lost with an actor that
// somebody else has ended.
import { readFile } from "node:fs/promises";
import { withNursery, type Nursery } from "brood";
import { measureAlone, measureStarts, type Alone, type StartAlone } from "./alone.js";
import type { Package } from "./packages.js";
import { fileOf, indexPage, packagePage, type Entry, type Page, type Part } from "./page.js";
import type { Progress } from "./progress.js";
import type { Team } from "./report.js";
import type { Site } from "./site.js";
import { openPress, type SupervisedPress } from "./supervised.js";
import { counter, counterOptions, describer, describerOptions, renderer, rendererOptions } from "./teams.js";

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
  /** How often the press was started again. */
  readonly restarts: number;
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
      const press = await openPress(nursery);
      let typical = "";
      const entries = await mapAtOnce(packages, AT_ONCE, async (of, at) => {
        const markdown = of.readme === undefined ? undefined : await readFile(of.readme, "utf8");
        const page: Page = { of, ...(await press.make({ dir: of.dir, markdown })) };
        if (page.readme?.ok === true && isMoreTypical(markdown!, typical)) typical = markdown!;
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
      const { teams, restarts } = await compare(nursery, press, typical);
      const starts = await measureStarts(5, ["forkserver", "exec"], (n, spawn) =>
        nursery.start(describer, { ...describerOptions, name: `describer-${1000 + n}`, spawn }),
      );
      return { entries, teams, restarts, starts };
    },
    { name: "docsite", onDeath: "report" },
  );
}

/** READMEs are short or long; this much is in between. */
const TYPICAL = 6 * 1024;
const isMoreTypical = (one: string, other: string): boolean =>
  Math.abs(one.length - TYPICAL) < Math.abs(other.length - TYPICAL);

/** The teams side by side; what takes a README is measured on one in between, by actors of this process, after everything else. */
async function compare(
  nursery: Nursery,
  press: SupervisedPress,
  readme: string,
): Promise<{ teams: Team[]; restarts: number }> {
  const bytes = Buffer.byteLength(readme);
  const { teams, restarts } = await press.figures();
  const rendering = await measureAlone(
    8,
    (n) => nursery.start(renderer, { ...rendererOptions(bytes), name: `renderer-${1000 + n}` }),
    (portal) => portal.call("render", readme),
  );
  const counting = await measureAlone(
    100,
    (n) => nursery.start(counter, { ...counterOptions, name: `counter-${1000 + n}` }),
    (portal) => portal.call("brood:docsite/renderer#render", readme),
  );
  const alone = ({ ms, memory }: Alone): Pick<Team, "memory" | "speed"> => ({ memory, speed: bytes / (ms / 1000) });
  return {
    teams: [
      { work: "short READMEs: marked", ...teams.short, ...alone(rendering) },
      { work: "long READMEs: marked", ...teams.long, speed: undefined },
      { work: "READMEs: words.wat", ...teams.counters, ...alone(counting) },
      { work: "APIs: TypeScript", ...teams.describers, speed: undefined },
    ],
    restarts,
  };
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
