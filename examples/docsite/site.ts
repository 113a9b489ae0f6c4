// The directory of the site. It is written only if it is new, empty or one that we made, and of one that we made only our own
// files are replaced.
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Html } from "./html.js";
import { UsageError } from "./options.js";

const MARKER = ".brood-docsite";
const OURS = ["index.html", "styles.css", "packages"] as const;

export class Site {
  private constructor(readonly dir: string) {}

  static async prepare(dir: string): Promise<Site> {
    const there = await stat(dir).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw new UsageError(`--out: ${dir} cannot be used: ${error.message}`);
    });
    if (there !== undefined && !there.isDirectory()) throw new UsageError(`--out: ${dir} is not a directory.`);
    const content = there === undefined ? [] : await readdir(dir);
    if (content.length > 0 && !content.includes(MARKER)) {
      throw new UsageError(
        `--out: ${dir} is not empty, and this command did not make it. Name a new or empty directory.`,
      );
    }
    await mkdir(dir, { recursive: true });
    // First of all: what an interrupted run leaves is ours, too.
    await writeFile(
      join(dir, MARKER),
      "Made by brood's docsite example. The next run replaces index.html, styles.css and packages/.\n",
    );
    for (const name of OURS) await rm(join(dir, name), { recursive: true, force: true });
    await mkdir(join(dir, "packages"));
    return new Site(dir);
  }

  get index(): string {
    return join(this.dir, "index.html");
  }

  writePackage(fileName: string, page: Html): Promise<void> {
    return writeFile(join(this.dir, "packages", fileName), page.text);
  }

  async writeIndex(page: Html, stylesheet: string): Promise<void> {
    await writeFile(join(this.dir, "styles.css"), stylesheet);
    await writeFile(this.index, page.text);
  }
}
