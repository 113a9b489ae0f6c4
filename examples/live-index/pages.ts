// What is indexed: a page for every package in node_modules that has a README, the same packages in the same order that examples/docsite
// makes its site of.
import { readFile } from "node:fs/promises";
import { findPackages } from "../docsite/packages.js";

export interface SourcePage {
  /** Unique among all pages. */
  readonly slug: string;
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** Markdown. */
  readonly text: string;
}

/** @param nodeModules absolute path of the directory */
export async function readPages(nodeModules: string): Promise<SourcePage[]> {
  const pages: SourcePage[] = [];
  for (const { slug, name, version, description, readme } of await findPackages(nodeModules))
    if (readme !== undefined) pages.push({ slug, name, version, description, text: await readFile(readme, "utf8") });
  return pages;
}
