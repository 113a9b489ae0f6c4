// What `import.meta.url` is in a guest. Its modules are evaluated where they are built, and run wherever the artifact is; so the URL tells a
// place relative to the artifact. The levels above that stand in it as directories of one name, so that `..` has somewhere to go.

const SCHEME = "brood-artifact:";
const LEVELS = 64;
const ABOVE = "~";

/** @param path of a module, relative to the directory of the artifact, with `/` between its parts */
export function artifactUrl(path: string): string {
  const parts = path.split("/");
  const up = parts.filter((part) => part === "..").length;
  const own = parts.filter((part) => part !== ".." && part !== ".").map(encodeURIComponent);
  return `${SCHEME}/${[...new Array<string>(Math.max(0, LEVELS - up)).fill(ABOVE), ...own].join("/")}`;
}

/** The path relative to the directory of the artifact; undefined for a URL of another kind. */
export function besideArtifact(url: string): string | undefined {
  if (!url.startsWith(`${SCHEME}/`)) return undefined;
  const parts = url
    .slice(SCHEME.length + 1)
    .split(/[?#]/)[0]!
    .split("/");
  let level = 0;
  while (level < LEVELS && parts[level] === ABOVE) level++;
  const own = parts.slice(level).map(decodeURIComponent);
  return [...new Array<string>(LEVELS - level).fill(".."), ...own].join("/");
}
