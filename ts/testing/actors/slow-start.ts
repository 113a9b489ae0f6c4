// Stops at one phase of its start, having noted its pid in a file: at the top level of its module, or in setup.
import { writeFileSync } from "node:fs";
import { defineActor } from "../../actor/index.js";

const { SLOW_PHASE, SLOW_FILE } = process.env;

function stop(phase: string): Promise<void> {
  if (phase !== SLOW_PHASE) return Promise.resolve();
  process.stderr.write(`stopped in ${phase}\n`);
  if (SLOW_FILE !== undefined) writeFileSync(SLOW_FILE, String(process.pid));
  // Keeps its process, and is deaf to nothing.
  return new Promise(() => setInterval(() => {}, 60_000));
}

await stop("load");

export default defineActor({ add: (a: number, b: number) => a + b }, { setup: () => stop("setup") });
