// Listens for the end of the process in which it is loaded, and leaves work for later that ends by itself.
import { writeSync } from "node:fs";

process.on("exit", () => writeSync(1, "a listener of the template ran\n"));
process.on("beforeExit", () => writeSync(1, "a listener of the template ran\n"));
setTimeout(() => writeSync(1, `a timer of ${process.pid} ran\n`), 1);

export const leaves = "listeners";
