// What Node is started with in a process actor. It is small, because it is compiled at every start; all else is in
// actor-process.cjs, whose compiled code is kept in the private cache of the user between starts. Without a cache, or with one
// that this Node cannot use, the actor starts all the same, and the first to be ready writes a new one.
import { closeSync, constants, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { Script } from "node:vm";
import { CODE_CACHE_VARIABLE } from "../protocol/entry-contract.js";
import type { begin, bornByExec } from "./actor-process.js";

const file = `${__dirname}/actor-process.cjs`;
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
const bundle = { exports: {} as { begin: typeof begin; bornByExec: typeof bornByExec } };
(script.runInThisContext() as (...args: unknown[]) => void)(bundle.exports, require, bundle, file, __dirname);
const birth = bundle.exports.bornByExec();
bundle.exports.begin(
  {
    import: (url) => import(url) as Promise<Record<string, unknown>>,
    ready() {
      // After the first work, so that what was compiled on the way is in it.
      if (cache !== undefined && (cachedData === undefined || script.cachedDataRejected === true))
        setImmediate(writeCache, cache);
    },
  },
  birth,
);

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
function writeCache(to: string): void {
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
