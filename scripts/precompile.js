// node scripts/precompile.js FILE...: compiles components into the cache that actors are started from, so that no start has to wait
// for a compiler. Prints how many were compiled. Those that are there already take a few ms each.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { pathToFileURL } from "node:url";
import { at } from "./lib/checkout.js";

const library = (...path) => import(pathToFileURL(at("dist", ...path)).href);
const { loadEngine } = await library("native", "load.js");
const { componentCache } = await library("spawn", "engine.js");

const cache = componentCache();
if (cache !== undefined) {
  const engine = loadEngine();
  engine.configure(availableParallelism(), 1, cache);
  for (const file of process.argv.slice(2)) engine.compileToCache(readFileSync(file));
}
