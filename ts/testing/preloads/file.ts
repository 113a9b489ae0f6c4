// Leaves something behind when it is loaded.
import { openSync } from "node:fs";

export const file = openSync(new URL(import.meta.url), "r");
