// Finds every package in a node_modules directory, scoped and nested ones too: each name and version once, sorted by name,
// each with a file name of its own. What a package.json says is taken as text of the expected type or not at all.
import { readFile, readdir, realpath } from "node:fs/promises";
import { basename, join } from "node:path";

export interface Package {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly licence: string;
  /** Web address of its source, if it names one. */
  readonly repository: string | undefined;
  readonly homepage: string | undefined;
  /** Not meant for the registry. */
  readonly private: boolean;
  /** Its directory. */
  readonly dir: string;
  /** Absolute path of its README; undefined if it has none. */
  readonly readme: string | undefined;
  /** File name of its page, without `.html`; unique in the list, also where case does not count. */
  readonly slug: string;
}

/** Finds the packages under these node_modules directories; packages of equal name and version count once. */
export async function findPackages(...roots: string[]): Promise<Package[]> {
  const found = new Map<string, Omit<Package, "slug">>();
  for (const root of roots) {
    for (const dir of await packageDirectories(root, new Set())) {
      const read = await readPackage(dir);
      if (read !== undefined && !found.has(`${read.name}@${read.version}`))
        found.set(`${read.name}@${read.version}`, read);
    }
  }
  // In the order in which they were found: of two versions the outer one, which the project itself uses, gets the plain name.
  const taken = new Set<string>();
  const packages = [...found.values()].map((each) => ({ ...each, slug: slugOf(each, taken) }));
  return packages.sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Directories directly under `root` that may be packages, and those of the node_modules inside them, outer ones first. */
async function packageDirectories(root: string, seen: Set<string>): Promise<string[]> {
  const here: string[] = [];
  for (const name of await subdirectories(root)) {
    if (name.startsWith("@"))
      for (const scoped of await subdirectories(join(root, name))) here.push(join(root, name, scoped));
    else here.push(join(root, name));
  }
  const all: string[] = [];
  for (const dir of here) {
    // A linked package may contain the very node_modules that we walk.
    const real = await realpath(dir);
    if (seen.has(real)) continue;
    seen.add(real);
    all.push(dir);
  }
  for (const dir of [...all]) all.push(...(await packageDirectories(join(dir, "node_modules"), seen)));
  return all;
}

async function subdirectories(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  return entries
    .filter(
      (entry) =>
        (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith(".") && entry.name !== "node_modules",
    )
    .map((entry) => entry.name)
    .sort(compare);
}

/** What the package.json in `dir` says; undefined if there is none that can be read. */
async function readPackage(dir: string): Promise<Omit<Package, "slug"> | undefined> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(join(dir, "package.json"), "utf8"));
  } catch {
    return undefined;
  }
  if (!isRecord(json)) return undefined;
  const readme = (await readdir(dir))
    .sort(compare)
    .find((name) => /^readme(\.(md|mkd|mdown|markdown|txt))?$/i.test(name));
  return {
    name: text(json["name"]) || basename(dir),
    version: text(json["version"]),
    description: text(json["description"]),
    licence: licenceOf(json),
    repository: webAddress(isRecord(json["repository"]) ? json["repository"]["url"] : json["repository"]),
    homepage: webAddress(json["homepage"]),
    private: json["private"] === true,
    dir,
    readme: readme === undefined ? undefined : join(dir, readme),
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === "string" ? value.replace(/\s+/g, " ").trim() : "");

/** `license` as a string, or the older forms `{ type }` and `licenses: [{ type }]`. */
function licenceOf(json: Record<string, unknown>): string {
  const one = (value: unknown): string => text(isRecord(value) ? value["type"] : value);
  const many = Array.isArray(json["licenses"]) ? json["licenses"].map(one).filter(Boolean).join(" OR ") : "";
  return one(json["license"]) || many;
}

/** An https address for what package.json calls a URL: `owner/name`, `github:owner/name`, `git+https://...`, `git@host:...`. */
export function webAddress(value: unknown): string | undefined {
  const given = text(value);
  const short = /^(?:(github|gitlab|bitbucket):)?([\w.-]+\/[\w.-]+)$/.exec(given);
  if (short)
    return `https://${{ github: "github.com", gitlab: "gitlab.com", bitbucket: "bitbucket.org" }[short[1] ?? "github"]}/${short[2]}`;
  const long = given
    .replace(/^git\+/, "")
    .replace(/^git@([^:/]+):/, "https://$1/")
    .replace(/^(git|ssh|http):\/\/(git@)?/, "https://")
    .replace(/\.git(#.*)?$/, "");
  return long.startsWith("https://") && URL.canParse(long) ? new URL(long).href : undefined;
}

function slugOf(of: { name: string; version: string }, taken: Set<string>): string {
  const safe = (name: string): string =>
    name
      .replaceAll("/", "__")
      .replace(/[^\w@.-]/g, "_")
      .replace(/^\.+/, "_");
  const candidates = [safe(of.name), safe(`${of.name}@${of.version}`)];
  for (let n = 2; candidates.every((slug) => taken.has(slug.toLowerCase())); n++)
    candidates.push(`${safe(of.name)}-${n}`);
  const slug = candidates.find((candidate) => !taken.has(candidate.toLowerCase()))!;
  taken.add(slug.toLowerCase());
  return slug;
}
