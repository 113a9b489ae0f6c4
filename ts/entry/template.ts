// What Node is started with in a template. It is small, because it is compiled at every start; all else is in
// template-process.cjs, whose compiled code is cached.
import { givenCache, loadCached } from "./cached.js";
import type { begin } from "./template-process.js";

const { exports, keep } = loadCached<{ begin: typeof begin }>(
  `${__dirname}/template-process.cjs`,
  require,
  givenCache(),
);
exports.begin((url) => import(url) as Promise<Record<string, unknown>>, keep);
