// Loads a bundle whose compiled code is kept in the private cache of the user between starts. Without a cache, or with one that this Node
// cannot use, it is compiled as ever, and a new cache can be written.
import { closeSync, constants, openSync, readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";
import { CODE_CACHE_VARIABLE } from "../protocol/entry-contract.js";

export interface Cached<Exports> {
  readonly exports: Exports;
  /** Has what has been compiled by now written, where the cache did not have it. */
  keep(write: (file: string, code: Uint8Array) => void): void;
}

/** The file for it that whoever started this process has named; undefined where there is none. Once. */
export function givenCache(): string | undefined {
  const cache = process.env[CODE_CACHE_VARIABLE];
  delete process.env[CODE_CACHE_VARIABLE];
  return cache;
}

/**
 * Runs `file` as a CommonJS module.
 * @param require the caller's
 * @param cache the file for its compiled code
 * @param whole all of it is compiled before the cache is written, and not only what has run
 */
export function loadCached<Exports>(
  file: string,
  require: NodeJS.Require,
  cache: string | undefined,
  whole = false,
): Cached<Exports> {
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, "utf8")}\n})`;
  const cachedData = cache === undefined ? undefined : readCache(cache);
  let script = cachedData === undefined ? undefined : new Script(source, { filename: file, cachedData });
  const fits = script?.cachedDataRejected === false;
  if (!fits && whole && cache !== undefined) script = compileWhole(source, file);
  script ??= new Script(source, { filename: file });
  const bundle = { exports: {} as Exports };
  (script.runInThisContext() as (...args: unknown[]) => void)(bundle.exports, require, bundle, file, __dirname);
  return {
    exports: bundle.exports,
    keep(write) {
      if (cache !== undefined && !fits) write(cache, script.createCachedData());
    },
  };
}

/** V8 compiles a function when it is called first, and a source that it knows not again, unless it is told otherwise. */
function compileWhole(source: string, filename: string): Script {
  const flags = ["lazy", "compilation-cache"];
  for (const flag of flags) setFlagsFromString(`--no-${flag}`);
  try {
    return new Script(source, { filename });
  } finally {
    for (const flag of flags) setFlagsFromString(`--${flag}`);
  }
}

function readCache(from: string): Buffer | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(from, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    return readFileSync(fd);
  } catch {
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
