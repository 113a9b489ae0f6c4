// import() for a process that has just been forked: what require() can load, it loads at once, without libuv's threads, which a fork
// would first have to start. What it gives is what import() gives; where it is not sure to be, import() itself is asked.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { types } from "node:util";

type Exports = Record<string, unknown>;

const require = createRequire(import.meta.url);

const REFUSALS =
  /^(ERR_REQUIRE_|MODULE_NOT_FOUND|ERR_MODULE_NOT_FOUND|ERR_UNKNOWN_|ERR_UNSUPPORTED_|ERR_INTERNAL_ASSERTION)/;

/** Whether require() itself has failed, and no code of a module: import() has its own words for it, or succeeds. */
function isOwnDoing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // Found before anything is run.
  if (error instanceof SyntaxError) return true;
  return (
    REFUSALS.test(String((error as NodeJS.ErrnoException).code)) ||
    /^\w+Error:.*\n +at .*node:internal\//.test(error.stack ?? "")
  );
}

/** @param load import(), as it stands in a file */
export function quickImport(load: (url: string) => Promise<Exports>): (url: string) => Promise<Exports> {
  return async (url) => {
    if (!/^file:[^?#]*\.[cm]?js$/.test(url)) return load(url);
    let found: unknown;
    try {
      found = require(fileURLToPath(url));
    } catch (error) {
      if (!isOwnDoing(error)) throw error;
      return load(url).catch((again: NodeJS.ErrnoException) => {
        // Node's loader may be confused by its own first failure, which then says more.
        throw again.code === "ERR_INTERNAL_ASSERTION" ? error : again;
      });
    }
    if (types.isModuleNamespaceObject(found)) {
      // For a module with a default export, require() adds this mark.
      const { __esModule: _mark, ...names } = found as Exports;
      return names;
    }
    return { ...(typeof found === "object" ? found : undefined), default: found };
  };
}
