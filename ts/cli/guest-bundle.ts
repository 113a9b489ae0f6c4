// The script of a guest: the actor's module with everything it imports, behind brood's own part. There is exactly one copy of
// brood in it, whatever the actor imports it as. What a guest does not have is refused here, at the line that uses it.
import { existsSync, readFileSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { artifactUrl } from "../protocol/artifact-url.js";
import { OWN_SOURCE, shownPosition, SourcePositions } from "../spawn/source-positions.js";
import { MARKS, takeMarks, type MissingUse } from "./missing-globals.js";
import { builtinOf, insteadOfModule, MISSING_GLOBALS } from "./missing.js";
import type { Esbuild, Message, PluginBuild, ResolveArgs } from "./peers.js";
import { Refusal } from "./refusal.js";

/** The parts of brood that stand in a component. */
const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));
export const RUNTIME = resolve(PACKAGE, "dist", "guest", "runtime.js");
export const WORLD = resolve(PACKAGE, "dist", "guest", "actor.wit");

/** brood/actor by its files: in a checkout, tests import it by a relative path. */
const OWN_ACTOR = new Set(
  ["dist/actor/index.js", "dist/actor/define.js", "ts/actor/index.ts", "ts/actor/define.ts"].map((path) =>
    resolve(PACKAGE, path),
  ),
);
/** What an actor in wasm has of the host's side: names for its own actors. */
const OWN_HOST = new Set(
  ["dist/index.js", "ts/index.ts", "dist/nursery/source.js", "ts/nursery/source.ts", "dist/errors/remote.js"].map(
    (path) => resolve(PACKAGE, path),
  ),
);

const OWN_SIDE = 'A nursery is task.openNursery(); defineActor and its kin are in "brood/actor"';

const HOST_NAMES = ["actor", "component", "source", "isRemote"];

export interface GuestBundle {
  readonly script: string;
  /** Source map (version 3) of the script, as JSON; its paths are relative to the artifact. */
  readonly map: string;
  /** Absolute paths of what was bundled, the actor's module first. */
  readonly inputs: readonly string[];
  /** Uses of what only fails when it is reached, as people are told them. */
  readonly warnings: readonly string[];
}

export interface BundleSettings {
  /** Absolute path of the actor's module; undefined for the guest that runs strings. */
  readonly actor: string | undefined;
  /** The directory of the artifact. */
  readonly directory: string;
  /** To which paths in messages are relative. */
  readonly cwd: string;
}

/** @throws Refusal that names every fault with its place */
export async function bundleGuest(esbuild: Esbuild, { actor, directory, cwd }: BundleSettings): Promise<GuestBundle> {
  const entry =
    actor === undefined
      ? `import { serveSource } from "brood:guest"; export const run = await serveSource();`
      : `import { serve } from "brood:guest"; import * as actor from ${JSON.stringify(actor)}; export const run = await serve(actor);`;
  let result: Awaited<ReturnType<Esbuild["build"]>>;
  try {
    result = await esbuild.build({
      stdin: {
        contents: entry,
        resolveDir: actor === undefined ? directory : dirname(actor),
        sourcefile: "brood:entry",
      },
      absWorkingDir: cwd,
      outfile: resolve(directory, "actor.js"),
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      conditions: ["brood", "import", "default"],
      target: "es2022",
      // The engine of a guest has no loader: what is left of an import() ends in an error, and not in the end of the actor.
      supported: { "dynamic-import": false },
      external: ["brood:actor/*"],
      define: { ...MARKS, "process.env.NODE_ENV": '"production"' },
      sourcemap: "external",
      sourcesContent: false,
      legalComments: "none",
      charset: "utf8",
      // A snapshot keeps the text of every function. Names stay: they stand in stacks.
      minifySyntax: true,
      minifyWhitespace: true,
      lineLimit: 160,
      logLevel: "silent",
      logLimit: 0,
      plugins: [{ name: "brood", setup: (build: PluginBuild) => plugin(build, directory) }],
    });
  } catch (error) {
    const { errors } = error as { errors?: readonly Message[] };
    if (errors === undefined) throw error;
    throw new Refusal(errors.map((message) => describe(message, cwd)).join("\n"));
  }
  const [map = "", marked = ""] = [".map", ".js"].map(
    (end) => result.outputFiles.find((file) => file.path.endsWith(end))?.text,
  );
  const { script, uses } = takeMarks(marked);
  const named = nameOwn(map, directory);
  refuseMissing(uses, new SourcePositions(named, directory), cwd);
  const inputs = Object.keys(result.metafile.inputs)
    .filter((path) => !path.startsWith("brood:"))
    .map((path) => resolve(cwd, path))
    .filter((path) => path !== RUNTIME && existsSync(path));
  return {
    script,
    map: named,
    inputs: actor === undefined ? inputs : [actor, ...inputs.filter((path) => path !== actor).sort()],
    warnings: result.warnings.map((message) => describe(message, cwd)),
  };
}

const HOST = "brood:host";
const HOST_MODULE = `export { ${HOST_NAMES.join(", ")} } from "brood:guest";`;
const MODULE_URL = "import.meta.url";

/** @param directory of the artifact */
function plugin(build: PluginBuild, directory: string): void {
  build.onResolve({ filter: /^brood:guest$|^brood\/actor$/ }, () => ({ path: RUNTIME }));
  build.onResolve({ filter: /^brood$/ }, () => ({ path: HOST, namespace: HOST }));
  build.onLoad({ filter: /./, namespace: HOST }, () => ({ contents: HOST_MODULE, resolveDir: PACKAGE }));
  build.onResolve({ filter: /^(node:|[a-z])/ }, ({ path, kind }: ResolveArgs) => {
    const name = kind === "entry-point" ? undefined : builtinOf(path);
    if (name === undefined) return undefined;
    return { errors: [{ text: `${path}: ${insteadOfModule(name)}` }] };
  });
  build.onLoad({ filter: /[\\/]actor[\\/](index|define)\.[jt]s$/ }, ({ path }) =>
    OWN_ACTOR.has(path)
      ? { contents: 'export { context, defineActor, endpoint, type } from "brood:guest";', resolveDir: PACKAGE }
      : undefined,
  );
  build.onLoad({ filter: /[\\/](index|source|remote)\.[jt]s$/ }, ({ path }) =>
    OWN_HOST.has(path) ? { contents: HOST_MODULE, resolveDir: PACKAGE } : undefined,
  );
  // Where a module is, is known when it runs.
  build.onLoad({ filter: /\.[cm]?[jt]sx?$/ }, ({ path }) => {
    if (path === RUNTIME) return undefined;
    const text = readFileSync(path, "utf8");
    if (!text.includes(MODULE_URL)) return undefined;
    const url = artifactUrl(relative(directory, path).split(sep).join("/"));
    const [, type = "", x = ""] = /([jt])s(x?)$/.exec(path) ?? [];
    return { contents: text.replaceAll(MODULE_URL, JSON.stringify(url)), loader: `${type}s${x}` as "js" };
  });
}

/** A name that a module asks for with typeof may be missing: the module knows. Any other use is refused. */
function refuseMissing(uses: readonly MissingUse[], positions: SourcePositions, cwd: string): void {
  const placed = uses.flatMap((use) => {
    const position = positions.find(use.line, use.column);
    return position === undefined || position === "own" ? [] : [{ ...use, position }];
  });
  const known = new Set(placed.filter((use) => use.asks).map((use) => `${use.position.file}\n${use.name}`));
  const faults = placed
    .filter((use) => !known.has(`${use.position.file}\n${use.name}`))
    .map(
      (use) =>
        `${shownPosition(use.position, cwd)}: ${use.name}: not in an actor in wasm; ${MISSING_GLOBALS[use.name]}`,
    );
  if (faults.length > 0) throw new Refusal([...new Set(faults)].join("\n"));
}

/** The map with brood's own part under its name in place of a path of this machine. */
function nameOwn(text: string, directory: string): string {
  const map = JSON.parse(text) as { sources: string[]; sourceRoot?: string };
  map.sources = map.sources.map((source) =>
    resolve(directory, source) === RUNTIME || source.includes("brood:entry") ? OWN_SOURCE : source.split(sep).join("/"),
  );
  return JSON.stringify(map);
}

function describe({ text: found, location }: Message, cwd: string): string {
  const name = /^No matching export in "brood:\w+.*" for import .(.*).$/.exec(found)?.[1];
  const text =
    name === undefined
      ? found
      : `brood: ${name}: most of the host side of brood does not run in an actor in wasm; there it has ${HOST_NAMES.join(", ")}. ${OWN_SIDE}`;
  if (location === null) return text;
  const file = resolve(cwd, location.file);
  return `${shownPosition({ file, line: location.line, column: location.column + 1 }, cwd)}: ${text}`;
}
