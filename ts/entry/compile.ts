// What the process of an isolated compile runs: it bounds its own memory, reads one component from its standard input, compiles it
// into the cache that it is told of, and is gone. What went wrong is one line of JSON on its standard output.
import { readFileSync, writeSync } from "node:fs";
import { loadEngine } from "../native/load.js";
import { armLifeline } from "./arm.js";

/** Beside what it has when it begins, in bytes (design section 4). */
const MEMORY = 1024 ** 3;

const STDIN = 0;
const STDOUT = 1;

armLifeline();
process.exitCode = compile();

function compile(): number {
  const cache = process.argv[2];
  try {
    const engine = loadEngine();
    engine.configure(1, 1, cache ?? null);
    const bytes = readFileSync(STDIN);
    engine.limitAddressSpace(MEMORY);
    engine.compileToCache(bytes);
    return 0;
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    writeSync(STDOUT, JSON.stringify({ code: String(code), message: String(message) }));
    return 1;
  }
}
