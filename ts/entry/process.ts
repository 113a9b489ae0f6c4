// What Node is started with in a process actor. It is small, because it is compiled at every start; all else is in
// actor-process.cjs, whose compiled code is cached. The first actor to be ready without a cache writes one.
import { givenCache, loadCached } from "./cached.js";
import type { begin, bornByExec, keepCode } from "./actor-process.js";

const { exports, keep } = loadCached<{
  begin: typeof begin;
  bornByExec: typeof bornByExec;
  keepCode: typeof keepCode;
}>(`${__dirname}/actor-process.cjs`, require, givenCache());
const birth = exports.bornByExec();
exports.begin(
  {
    import: (url) => import(url) as Promise<Record<string, unknown>>,
    // After the first work, so that what was compiled on the way is in it.
    ready: () => void setImmediate(() => keep(exports.keepCode)),
  },
  birth,
);
