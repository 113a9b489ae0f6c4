// Loads modules before the actor's own, as if that one had imported them: names of packages are looked up from where it is.
import { fileURLToPath } from "node:url";
import { constants, Script } from "node:vm";

type Importer = (specifier: string) => Promise<Record<string, unknown>>;

/** Loads them in turn. @param from URL of the actor's module */
export async function preload(modules: readonly string[], from: string): Promise<void> {
  const load = importerAt(from);
  for (const module of modules) await load(module);
}

/** An import() that stands in the module with this URL. */
export function importerAt(url: string): Importer {
  const { USE_MAIN_CONTEXT_DEFAULT_LOADER } = constants as unknown as { USE_MAIN_CONTEXT_DEFAULT_LOADER: never };
  const script = new Script("(specifier) => import(specifier)", {
    filename: fileURLToPath(url),
    importModuleDynamically: USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  const load = script.runInThisContext() as Importer;
  return (specifier) => {
    // Node warns of the option above, which is nothing that a user could do something about.
    const { emitWarning } = process;
    process.emitWarning = () => {};
    try {
      return load(specifier);
    } finally {
      process.emitWarning = emitWarning;
    }
  };
}
