// Loads a bundle whose compiled code is kept in the private cache of the user between starts. Without a cache, or with one that this Node
// cannot use, it is compiled as ever, and a new cache can be written.
import { closeSync, constants, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { Script } from "node:vm";
import { CODE_CACHE_VARIABLE } from "../protocol/entry-contract.js";

export interface Cached<Exports> {
  readonly exports: Exports;
  /** Writes what has been compiled by now, where the cache did not have it. */
  keep(): void;
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
    keep() {
      if (cache !== undefined && (cachedData === undefined || script.cachedDataRejected === true))
        writeCache(cache, script);
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

/** Whole or not at all: written beside it, made durable, and renamed. */
function writeCache(to: string, script: Script): void {
  const beside = `${to}.${process.pid}`;
  try {
    const fd = openSync(beside, "wx", 0o600);
    try {
      writeSync(fd, script.createCachedData());
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(beside, to);
  } catch {
    // A full or read-only disk: the next start compiles again.
    rmSync(beside, { force: true });
  }
}
