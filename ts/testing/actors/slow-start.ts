// A process that stops at the top level of its module, having noted its pid in a file.
import { writeFileSync } from "node:fs";
import { defineActor } from "../../actor/index.js";

const { SLOW_FILE } = process.env;

if (SLOW_FILE !== undefined) {
  process.stderr.write("stopped in load\n");
  writeFileSync(SLOW_FILE, String(process.pid));
  // Keeps its process, and is deaf to nothing.
  await new Promise(() => setInterval(() => {}, 60_000));
}

export default defineActor({ add: (a: number, b: number) => a + b });
