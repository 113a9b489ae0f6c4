// Tells the test runner (scripts/lib/test-file.js) what goes on, over a descriptor that it opened. Writes are synchronous and hold
// no handle, so a law that blocks the event loop was announced before it did, and leak checks see nothing of this.
import { writeSync } from "node:fs";
import { inspect } from "node:util";

/** A line on the wire. `deadline` in ms. */
type Report =
  | { kind: "hello" }
  | { kind: "begin"; name: string; deadline: number }
  | { kind: "end"; name: string; error?: string }
  | { kind: "skip"; name: string }
  | { kind: "resources"; list: string[] };

const descriptor = Number(process.env["BROOD_TEST_REPORT"] ?? Number.NaN);
/** Whether a runner listens; without one the harness is plain uvu. */
export const underRunner = Number.isInteger(descriptor);
// What this process starts has no such descriptor.
delete process.env["BROOD_TEST_REPORT"];

export function report(line: Report): void {
  if (underRunner) writeSync(descriptor, `${JSON.stringify(line)}\n`);
}

/** An error with its message, stack, causes and fields. */
export function describeError(error: unknown): string {
  const details =
    error instanceof Error && "details" in error && typeof error.details === "string" ? `\n${error.details}` : "";
  if (error instanceof Error && error.stack === "") return error.message;
  return `${inspect(error, { depth: 6, colors: false })}${details}`;
}

if (underRunner) {
  // The runner asks what keeps a process that is overdue.
  process.on("SIGUSR2", () => report({ kind: "resources", list: process.getActiveResourcesInfo() }));
  report({ kind: "hello" });
}
