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
  /** Once, before the first or after the last law. */
  (hook: () => unknown): void;
  /** Around each law, inside its deadline; what it throws is a failure of that law. */
  each(hook: () => unknown): void;
}

export interface Suite {
  (name: string, run: (t: LawTask) => unknown, options?: LawOptions): void;
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
  // Not uvu's own hooks: it swallows what they throw.
  const each: Each = { before: [], after: [] };
  let broken: { error: unknown } | undefined;

  const add = (sentence: string, run: (t: LawTask) => unknown, options: LawOptions = {}): void => {
    if (typeof chosen.law === "string" && !sentence.includes(chosen.law)) return;
    const title = `${name}: ${sentence}`;
    if (options.skip === true) {
      report({ kind: "skip", name: title });
      cases.skip(sentence);
      return;
    }
    const law = async (): Promise<void> => {
      if (broken) {
        const { error } = broken;
        // The others need no stack.
        broken.error = Object.assign(new Error("did not run: the hook before the first law failed, see above"), {
          stack: "",
        });
        throw error;
      }
      await withDeferred(title, run, each);
    };
    for (let round = 0; round < rounds; round += 1) {
      cases(sentence, () => tell(title, law, options.deadline ?? DEADLINE));
    }
  };
  const before = (hook: () => unknown): void =>
    cases.before(async () => {
      try {
        await hook();
      } catch (error) {
        broken ??= { error };
      }
    });
  const after = (hook: () => unknown): void =>
    cases.after(async () => {
      try {
        await tell(`${name}: after the last law`, hook, DEADLINE);
      } catch (error) {
        process.stderr.write(`${name}: after the last law: ${describeError(error)}\n`);
        process.on("exit", () => (process.exitCode = 1));
      }
    });
  return Object.assign(add, {
    before: Object.assign(before, { each: (hook: () => unknown) => void each.before.push(hook) }),
    after: Object.assign(after, { each: (hook: () => unknown) => void each.after.push(hook) }),
    run: () => cases.run(),
  });
}

interface Each {
  readonly before: (() => unknown)[];
  readonly after: (() => unknown)[];
}

/** Announces the body, runs it, and tells how it ended. */
async function tell(title: string, body: () => unknown, deadline: number): Promise<void> {
  report({ kind: "begin", name: title, deadline });
  try {
    await body();
  } catch (error) {
    report({ kind: "end", name: title, error: describeError(error) });
    // uvu reads members of what was thrown.
    throw error instanceof Error ? error : new Error(`threw ${describeError(error)}`);
  }
  report({ kind: "end", name: title });
}

/** Runs a law, then what it deferred, then the hooks; all of them, whatever they throw. */
async function withDeferred(name: string, run: (t: LawTask) => unknown, each: Each): Promise<void> {
  const deferred: (() => unknown)[] = [];
  const errors: unknown[] = [];
  const attempt = async (body: () => unknown): Promise<void> => {
    try {
      await body();
    } catch (error) {
      errors.push(error);
    }
  };
  for (const hook of each.before) await attempt(hook);
  if (errors.length === 0) await attempt(() => run({ name, defer: (cleanUp) => void deferred.push(cleanUp) }));
  for (const cleanUp of deferred.reverse()) await attempt(cleanUp);
  for (const hook of each.after) await attempt(hook);
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, `${name}: it failed, and so did its cleaning up`);
}
