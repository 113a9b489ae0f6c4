// Leaves something behind when it is loaded.
import { watch } from "node:fs";

export const watcher = watch(new URL(".", import.meta.url));
