// How a forked process leaves. Node's own way out joins threads that exist in the template only, and would wait for them for ever; so
// the last step of every exit is the system's, after all listeners of "exit" have run and what Node would print is printed.
import { readFileSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";

/** Node's own code for an uncaught error. */
const EXIT_FAILED = 1;

/** Once, in the child, before any code of the user's. */
export function leaveBySystem(exitNow: (code: number) => never): void {
  const own = process as unknown as {
    reallyExit(code?: number): never;
    emit(event: string | symbol, ...args: unknown[]): boolean;
  };
  const code = (given: unknown): number => Number(process.exitCode ?? given ?? 0) | 0;
  own.reallyExit = (given) => exitNow(Number(given ?? process.exitCode ?? 0) | 0);
  const emit = own.emit;
  own.emit = function (event, ...args) {
    if (event !== "exit") return emit.call(this, event, ...args);
    try {
      return emit.call(this, event, ...args);
    } catch (error) {
      // Node's own words for an error in a listener of "exit".
      report(error);
      return exitNow(EXIT_FAILED);
    } finally {
      exitNow(code(args[0]));
    }
  };
  // Node prints an uncaught error after "exit", which is too late here.
  process.prependListener("uncaughtExceptionMonitor", (error) => {
    if (process.listenerCount("uncaughtException") > 0 || process.hasUncaughtExceptionCaptureCallback()) return;
    report(error);
  });
}

/** Prints an error as Node does: where it was thrown, the error, and the version of Node. */
function report(error: unknown): void {
  const text = `${placeOf(error)}${error instanceof Error ? inspect(error) : `Uncaught:\n${inspect(error)}`}\n\nNode.js ${process.version}\n`;
  try {
    writeSync(2, text);
  } catch {
    // Nobody reads, or not now: there is no other way to tell.
  }
}

/** The line that threw, with its place above it; "" where it cannot be told, and where the stack already has it. */
function placeOf(error: unknown): string {
  const stack = error instanceof Error && typeof error.stack === "string" ? error.stack : "";
  const [, place, line, column] = /^ +at (?:.* \()?((?:file:\/\/|\/)[^\n]*?):(\d+):(\d+)\)?$/m.exec(stack) ?? [];
  const first = /^ +at .*$/m.exec(stack)?.[0];
  if (place === undefined || first === undefined || !first.includes(place)) return "";
  try {
    const file = place.startsWith("file:") ? fileURLToPath(place) : place;
    const text = readFileSync(file, "utf8").split("\n")[Number(line) - 1];
    if (text === undefined || text.length > 400) return `${place}:${line}\n`;
    return `${place}:${line}\n${text}\n${" ".repeat(Number(column) - 1)}^\n\n`;
  } catch {
    return "";
  }
}
