// Ends in every way in which a process can, some lines of standard error before.
import { defineActor } from "../../actor/index.js";

const lastWords = (): void => {
  for (let i = 1; i <= 30; i++) process.stderr.write(`word ${i}\n`);
};

export default defineActor({
  pid: () => process.pid,
  exit: (code: number) => {
    lastWords();
    process.exit(code);
  },
  signal: (signal: NodeJS.Signals) => {
    lastWords();
    process.kill(process.pid, signal);
    // Not before the signal has arrived.
    return new Promise<never>(() => setInterval(() => {}, 1_000));
  },
  abort: () => {
    lastWords();
    process.abort();
  },
  exhaust: () => {
    lastWords();
    const kept: unknown[] = [];
    for (;;) kept.push(new Array(1_000).fill(kept.length));
  },
  /** An error that nobody catches. */
  uncaught: (message: string) => {
    lastWords();
    setImmediate(() => {
      throw Object.assign(new RangeError(message), { code: "E_UNCAUGHT" });
    });
    return new Promise<never>(() => {});
  },
});
