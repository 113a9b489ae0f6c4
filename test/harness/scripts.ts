// The tooling's own modules, which are plain JavaScript and have no declarations.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "./checkout.js";

/** Imports scripts/lib/NAME.js as what the caller says it is. */
export async function toolingModule<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(join(ROOT, "scripts", "lib", `${name}.js`)).href)) as T;
}
