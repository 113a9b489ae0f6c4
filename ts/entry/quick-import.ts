// import() for a process that has just been forked: what require() can load, it loads at once, without libuv's threads, which a fork
// would first have to start. What it gives is what import() gives; where it is not sure to be, import() itself is asked.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { types } from "node:util";

type Exports = Record<string, unknown>;

const require = createRequire(import.meta.url);

/** Errors of require() itself, and none of a module that it runs: import() has its own words for them, or none. */
const NOT_FOR_REQUIRE =
  /^(ERR_REQUIRE_(ESM|ASYNC_MODULE|CYCLE_MODULE)|MODULE_NOT_FOUND|ERR_MODULE_NOT_FOUND|ERR_UNKNOWN_|ERR_UNSUPPORTED_)/;

/** @param load import(), as it stands in a file */
export function quickImport(load: (url: string) => Promise<Exports>): (url: string) => Promise<Exports> {
  return async (url) => {
    if (!/^file:[^?#]*\.[cm]?js$/.test(url)) return load(url);
    let found: unknown;
    try {
      found = require(fileURLToPath(url));
    } catch (error) {
      // A syntax error of a module has its place in neither: there is one way to tell of it.
      if (error instanceof SyntaxError || NOT_FOR_REQUIRE.test(String((error as NodeJS.ErrnoException).code)))
        return load(url);
      throw error;
    }
    if (types.isModuleNamespaceObject(found)) {
      // For a module with a default export, require() adds this mark.
      const { __esModule: _mark, ...names } = found as Exports;
      return names;
    }
    return { ...(typeof found === "object" ? found : undefined), default: found };
  };
}
