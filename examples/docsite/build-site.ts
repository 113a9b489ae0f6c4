// From packages to pages: README and API of each are worked on at once by two crews, a few packages at a time, and each page is
// written as soon as it is known. Nothing that a package does to its actors is felt by another package.
import { readFile } from "node:fs/promises";
import { actor, withNursery } from "brood";
import { Crew, type Start } from "./crew.js";
import type { Package } from "./packages.js";
import { fileOf, indexPage, packagePage, type Entry, type Page, type Part } from "./page.js";
import type { Progress } from "./progress.js";
import type { Site } from "./site.js";

const renderer = actor<typeof import("./renderer.js")>(new URL("./renderer.js", import.meta.url));
const describer = actor<typeof import("./describer.js")>(new URL("./describer.js", import.meta.url));

// The largest README takes marked some 20 ms and a few MiB; the largest package takes the compiler a second. What stays far
// within these limits is not hurried by them on a busy machine, and what breaks them would never end.
const RENDERERS = { name: "renderer", size: 2, deadline: 5000, heap: 64 };
const DESCRIBERS = { name: "describer", size: 2, deadline: 60_000, heap: 512 };
/** Packages worked on at once: enough that no actor waits for a file to be read or written. */
const AT_ONCE = 8;

const FOOTER = "READMEs rendered by marked, API listed by the TypeScript compiler, each in actors of brood.";

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
  readonly starts: readonly Start[];
}

export function buildSite(
  packages: readonly Package[],
  site: Site,
  assets: Assets,
  progress: Progress,
): Promise<Built> {
  return withNursery(
    async (nursery) => {
      const [renderers, describers] = await Promise.all([
        Crew.assemble(nursery, renderer, RENDERERS),
        Crew.assemble(nursery, describer, DESCRIBERS),
      ]);
      const entries = await mapAtOnce(packages, AT_ONCE, async (of, at) => {
        const [readme, api] = await Promise.all([
          of.readme === undefined
            ? undefined
            : readFile(of.readme, "utf8").then((markdown) => renderers.do((portal) => portal.call("render", markdown))),
          describers.do((portal) => portal.call("describe", of.dir)),
        ]);
        const page: Page = { of, readme, api };
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
      return { entries, starts: [...renderers.starts, ...describers.starts] };
    },
    { name: "docsite", onDeath: "report" },
  );
}

function entryOf({ of, readme, api }: Page): Entry {
  const failures = [readme, api].flatMap((part: Part<unknown> | undefined) =>
    part === undefined || part.ok ? [] : [part.failure],
  );
  return { of, readme: readme !== undefined, exports: api.ok ? api.value.exports.length : 0, failures };
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
