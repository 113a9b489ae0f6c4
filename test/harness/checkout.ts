// Where things are in the checkout, seen from a compiled test.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the checkout: this file is build/test/harness/checkout.js. */
export const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** The file of a tool in node_modules, to be run with Node. */
export const tool = (...parts: string[]): string => join(ROOT, "node_modules", ...parts);
