// Settings of the whole process, given once, before anything needs them.
import { isAbsolute } from "node:path";
import { InvalidOption } from "../errors/kinds.js";
import { checkKnown, checkObject } from "../portal/check.js";
import { useCacheDirectory } from "../spawn/cache-directory.js";
import { assertNotChosen, chooseEngineSettings } from "../spawn/engine.js";

/** Settings of the whole process. */
export interface Configuration {
  /** Threads that run wasm actors. Default: as many as there are cores but one, at least 1. */
  engineThreads?: number | undefined;
  /** Wasm actors that live at the same time; a start beyond waits for a place until its `startTimeout`. Default 10,000. */
  maxActors?: number | undefined;
  /**
   * Where compiled code is kept: an absolute path, a directory of this user's alone (it is made where it is not there); false:
   * nowhere. Default: `BROOD_CACHE_DIR`, else `brood` in the user's cache directory.
   */
  cacheDir?: string | false | undefined;
}

/** Threads at most: more than that only wait for each other. */
const MAX_THREADS = 256;
/** Actors at most, whatever is asked for: each takes several mappings of memory. */
const MOST_ACTORS = 1_000_000;

/**
 * Sets what holds for the whole process. Once, before the first wasm actor.
 * @throws InvalidOption; Unsupported it was called before, or too late
 */
export function configure(configuration: Configuration): void {
  checkObject("configure", configuration);
  checkKnown("configure", configuration, ["engineThreads", "maxActors", "cacheDir"]);
  const { engineThreads, maxActors, cacheDir } = configuration;
  checkCount("configure: engineThreads", engineThreads, MAX_THREADS);
  checkCount("configure: maxActors", maxActors, MOST_ACTORS);
  if (cacheDir !== undefined && cacheDir !== false && (typeof cacheDir !== "string" || !isAbsolute(cacheDir)))
    throw new InvalidOption("configure: cacheDir", cacheDir, "an absolute path, or false to keep nothing");
  assertNotChosen();
  if (cacheDir !== undefined && !useCacheDirectory(cacheDir === false ? undefined : cacheDir)) {
    throw new InvalidOption(
      "configure: cacheDir",
      cacheDir,
      "a directory of this user's alone (mode 0700), or a path at which one can be made",
    );
  }
  chooseEngineSettings({
    ...(engineThreads === undefined ? {} : { threads: engineThreads }),
    ...(maxActors === undefined ? {} : { maxActors }),
  });
}

function checkCount(option: string, value: unknown, most: number): void {
  if (value === undefined) return;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > most)
    throw new InvalidOption(option, value, `a whole number from 1 to ${most}`);
}
