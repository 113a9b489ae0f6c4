// Where things are in this checkout.
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the checkout. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** An absolute path inside the checkout. */
export const at = (...parts) => join(ROOT, ...parts);

/** A path as it is shown to people and compared in tables: relative to the root, with forward slashes. */
export const shown = (path) => relative(ROOT, path).split(sep).join("/");
