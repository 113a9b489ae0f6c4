// Laws: uvu cases named by a sentence in the present tense, each with a deadline that the runner keeps from outside.
//
//   const law = suite("nursery");
//   law("a killed actor rejects its pending calls with ActorDied", async (t) => { ... });
//   law.run();
//
// Alone it is plain uvu: `node build/test/x.test.js [--law SUBSTRING] [--repeat N]`.
import { parseArgs } from "node:util";
import { suite as uvuSuite } from "uvu";
import { describeError, report } from "./report.js";

export interface LawOptions {
  /** Wall time, in ms; the runner ends the whole file when it has passed. Default 20,000. */
  readonly deadline?: number;
  /** Not run; must then be on the list in test/skips.json. */
  readonly skip?: boolean;
}

/** What a law gets. */
export interface LawTask {
  /** Its sentence. */
  readonly name: string;
  /** Runs when the law has ended, however it ended; in reverse order. */
  defer(cleanUp: () => unknown): void;
}

interface Hook {
  (hook: () => void | Promise<void>): void;
  each(hook: () => void | Promise<void>): void;
}

export interface Suite {
  (name: string, run: (t: LawTask) => unknown, options?: LawOptions): void;
  /** Around every law, its deferred work included. */
  readonly before: Hook;
  readonly after: Hook;
  /** To be called once, last. */
  run(): void;
}

const DEADLINE = 20_000;

const { values: chosen } = parseArgs({
  strict: false,
  options: { law: { type: "string" }, repeat: { type: "string", default: "1" } },
});
const rounds = Number(chosen.repeat);

/** A suite of laws. Its name precedes theirs in every report. */
export function suite(name: string): Suite {
  const cases = uvuSuite(name);
  const add = (sentence: string, run: (t: LawTask) => unknown, options: LawOptions = {}): void => {
    if (typeof chosen.law === "string" && !sentence.includes(chosen.law)) return;
    const title = `${name}: ${sentence}`;
    if (options.skip === true) {
      report({ kind: "skip", name: title });
      cases.skip(sentence);
      return;
    }
    for (let round = 0; round < rounds; round += 1)
      cases(sentence, () => runLaw(title, run, options.deadline ?? DEADLINE));
  };
  return Object.assign(add, { before: cases.before, after: cases.after, run: () => cases.run() });
}

async function runLaw(title: string, run: (t: LawTask) => unknown, deadline: number): Promise<void> {
  report({ kind: "begin", name: title, deadline });
  try {
    await withDeferred(title, run);
  } catch (error) {
    report({ kind: "end", name: title, error: describeError(error) });
    // uvu reads members of what was thrown.
    throw error instanceof Error ? error : new Error(`threw ${describeError(error)}`);
  }
  report({ kind: "end", name: title });
}

async function withDeferred(name: string, run: (t: LawTask) => unknown): Promise<void> {
  const deferred: (() => unknown)[] = [];
  const errors: unknown[] = [];
  try {
    await run({ name, defer: (cleanUp) => void deferred.push(cleanUp) });
  } catch (error) {
    errors.push(error);
  }
  for (const cleanUp of deferred.reverse()) {
    try {
      await cleanUp();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, `${name}: it failed, and so did its cleaning up`);
}
