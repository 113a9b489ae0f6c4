// Tells the test runner (scripts/lib/test-file.js) what goes on, over a descriptor that it opened. Writes are synchronous and hold
// no handle, so a law that blocks the event loop was announced before it did, and leak checks see nothing of this.
import { writeSync } from "node:fs";
import { inspect } from "node:util";
import { Assertion } from "uvu/assert";

/** A line on the wire. `deadline` in ms. */
type Report =
  | { kind: "hello" }
  | { kind: "begin"; name: string; deadline: number }
  | { kind: "end"; name: string; error?: string }
  | { kind: "skip"; name: string }
  | { kind: "note"; text: string }
  | { kind: "resources"; list: string[] }
  | { kind: "dump"; text: string };

/** Of a compared value, in a report; characters. */
const LONGEST = 4_000;

const descriptor = Number(process.env["BROOD_TEST_REPORT"] ?? Number.NaN);
/** Whether a runner listens; without one the harness is plain uvu. */
export const underRunner = Number.isInteger(descriptor);
// What this process starts has no such descriptor.
delete process.env["BROOD_TEST_REPORT"];

export function report(line: Report): void {
  if (underRunner) writeSync(descriptor, `${JSON.stringify(line)}\n`);
}

/** Says what is worth knowing also where all laws hold: on what machine, how many. */
export function note(text: string): void {
  if (underRunner) report({ kind: "note", text });
  else process.stdout.write(`\n${text}\n`);
}

/** An error with its message, stack, causes and fields; what an assertion compared, as text. */
export function describeError(error: unknown): string {
  if (error instanceof Error && error.stack === "") return error.message;
  if (!(error instanceof Assertion)) return inspect(error, { depth: 6, colors: false });
  const values = error.details || `expected: ${shorten(error.expects)}\nactual: ${shorten(error.actual)}`;
  return `${error.stack}\n${values}`;
}

function shorten(value: unknown): string {
  const text = typeof value === "string" ? value : inspect(value, { depth: 6, colors: false });
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}... (${text.length} characters)` : text;
}

/** Loaded only then: few laws are about brood as a whole. */
async function dump(): Promise<string> {
  try {
    const { dumpTree, formatTree } = await import("brood");
    return formatTree(await dumpTree());
  } catch (error) {
    return `there is no dump: ${describeError(error)}`;
  }
}

if (underRunner) {
  // The runner asks what keeps a process that is overdue, and what its actors do.
  process.on("SIGUSR2", () => {
    report({ kind: "resources", list: process.getActiveResourcesInfo() });
    void dump().then((text) => report({ kind: "dump", text }));
  });
  report({ kind: "hello" });
}
