// Loads a bundle whose compiled code is kept in the private cache of the user between starts. Without a cache, or with one that this Node
// cannot use, it is compiled as ever, and a new cache can be written.
import { closeSync, constants, openSync, readFileSync } from "node:fs";
import { Script } from "node:vm";
import { CODE_CACHE_VARIABLE } from "../protocol/entry-contract.js";

export interface Cached<Exports> {
  readonly exports: Exports;
  /** Has what has been compiled by now written, where the cache did not have it. */
  keep(write: (file: string, code: Uint8Array) => void): void;
}

/** Runs `file` as a CommonJS module. @param require the caller's */
export function loadCached<Exports>(file: string, require: NodeJS.Require): Cached<Exports> {
  const cache = process.env[CODE_CACHE_VARIABLE];
  delete process.env[CODE_CACHE_VARIABLE];
  const cachedData = cache === undefined ? undefined : readCache(cache);
  const script = new Script(
    `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, "utf8")}\n})`,
    {
      filename: file,
      ...(cachedData === undefined ? {} : { cachedData }),
    },
  );
  const bundle = { exports: {} as Exports };
  (script.runInThisContext() as (...args: unknown[]) => void)(bundle.exports, require, bundle, file, __dirname);
  return {
    exports: bundle.exports,
    keep(write) {
      if (cache !== undefined && (cachedData === undefined || script.cachedDataRejected === true))
        write(cache, script.createCachedData());
    },
  };
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
