// Modules that a law writes for itself: those that cannot be compiled with the others, because they do not even parse.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { actor } from "../nursery/source.js";
import type { ActorSource, Loose } from "../context/surface.js";

/** How such a module imports `brood/actor`, from wherever it lies. */
export const BROOD_ACTOR = JSON.stringify(new URL("../actor/index.js", import.meta.url).href);

/** Writes `code` as an ESM module into `directory`. */
export function writeModule(directory: string, name: string, code: string): URL {
  const file = join(directory, `${name}.mjs`);
  writeFileSync(file, code);
  return pathToFileURL(file);
}

/** An actor whose module has this code. */
export function writtenActor(directory: string, name: string, code: string): ActorSource<Loose> {
  return actor(writeModule(directory, name, code));
}
