// Loads the native half of brood, once, when it is first asked for, and only if it is of the same version. A failure names
// each file that was tried and why it would not do.
//
// This module runs in two forms: compiled to ESM (dist/native/load.js) and bundled into the CommonJS entries
// (dist/entry/*.cjs), where `import.meta.url` is not there but `__filename` is. The build keeps esbuild quiet about the first
// with `logOverride: { "empty-import-meta": "silent" }`; it must not define `__filename`.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { NativeMissing } from "../errors/kinds.js";
import type { EngineAddon } from "./engine.js";
import type { ForkserverAddon } from "./forkserver.js";
import { platformName } from "./platform.js";

let forkserver: ForkserverAddon | undefined;
let engine: EngineAddon | undefined;

/** The addon of process actors. Throws NativeMissing where there is none that fits. */
export function loadForkserver(): ForkserverAddon {
  return (forkserver ??= load<ForkserverAddon>("brood-forkserver"));
}

/** The addon of wasm actors. Throws NativeMissing where there is none that fits. */
export function loadEngine(): EngineAddon {
  return (engine ??= load<EngineAddon>("brood-engine"));
}

/** How far above this file the root of the package can be: dist/native, dist, the root, and one to spare. */
const LEVELS = 4;

interface Package {
  readonly root: string;
  readonly version: string;
}

interface Versioned {
  version(): string;
}

function load<Addon extends Versioned>(name: string): Addon {
  const here = typeof __filename === "string" ? __filename : fileURLToPath(import.meta.url);
  const platform = platformName();
  const own = findPackage(dirname(here));
  const tried: { file: string; why: string }[] = [];

  // `locate` gives the file, or throws why there is none.
  const attempt = (what: string, locate: () => string): Addon | undefined => {
    let file = what;
    try {
      file = locate();
      // Not `require`: it costs as much again as loading does. An addon is nobody's module but ours, and is kept here.
      const module = { exports: {} };
      process.dlopen(module, file);
      const addon = module.exports as Addon;
      const version = addon.version();
      if (own === undefined || version === own.version) return addon;
      tried.push({ file, why: `it is of version ${version}, but this is brood ${own.version}` });
    } catch (error) {
      tried.push({ file, why: firstLine(error) });
    }
    return undefined;
  };

  if (own === undefined) {
    tried.push({
      file: join(dirname(here), "package.json"),
      why: `no package.json of brood here or up to ${LEVELS - 1} folders above`,
    });
  } else {
    // A checkout has what it built; an installed brood has a package for its platform.
    const built = join(own.root, "npm", platform, `${name}.node`);
    if (existsSync(built)) {
      const addon = attempt(built, () => built);
      if (addon !== undefined) return addon;
    } else {
      tried.push({ file: built, why: "no such file" });
    }
  }
  const specifier = `brood-${platform}/${name}.node`;
  const addon = attempt(
    specifier,
    () => installedBeside(own?.root, specifier) ?? createRequire(here).resolve(specifier),
  );
  if (addon !== undefined) return addon;
  throw new NativeMissing(`${name}.node`, platform, tried);
}

/** Where npm and pnpm put it, and where `resolve` would find it, but that takes milliseconds. */
function installedBeside(root: string | undefined, specifier: string): string | undefined {
  if (root === undefined || basename(dirname(root)) !== "node_modules") return undefined;
  const file = join(dirname(root), specifier);
  return existsSync(file) ? file : undefined;
}

function findPackage(from: string): Package | undefined {
  let root = from;
  for (let level = 0; level < LEVELS; level++) {
    const file = join(root, "package.json");
    if (existsSync(file)) {
      const { name, version } = JSON.parse(readFileSync(file, "utf8")) as { name?: unknown; version?: unknown };
      if (name === "brood" && typeof version === "string") return { root, version };
    }
    root = dirname(root);
  }
  return undefined;
}

/** Node's text for a missing module goes on with the whole require stack. */
function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0] ?? text;
}
