// How a forked process leaves. Node's own way out joins threads that exist in the template only, and would wait for them for ever; so
// the last step of every exit is the system's, after all listeners of "exit" have run and what Node would print is printed.
import { spawnSync } from "node:child_process";
import { readFileSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";

/** How long another Node may take to tell where a syntax error is, in ms. */
const ASKING = 3_000;
/** Node's own code for an uncaught error. */
const EXIT_FAILED = 1;

interface OwnProcess {
  reallyExit(code?: number): never;
  emit(event: string | symbol, ...args: unknown[]): boolean;
  /** Node's own mark: listeners of "exit" have been called. */
  readonly _exiting?: boolean;
}

/**
 * Once, in the child, before any code of the user's.
 * @param loading the module that is being loaded, where there is one
 */
export function leaveBySystem(exitNow: (code: number) => never, loading: () => string | undefined): void {
  const own = process as unknown as OwnProcess;
  const codeOr = (given: unknown): number => Number(process.exitCode ?? given ?? 0) | 0;
  /** An error that nobody catches is on its way: Node itself leaves when the listeners have been called. */
  let fatal: { readonly error: unknown } | undefined;
  const leave = (given: unknown): never => {
    // After "exit", as Node prints it.
    if (fatal !== undefined) report(fatal.error, loading());
    return exitNow(codeOr(given));
  };
  own.reallyExit = (given) => exitNow(Number(given ?? process.exitCode ?? 0) | 0);
  const emit = own.emit;
  own.emit = function (event, ...args) {
    if (event === "exit") {
      try {
        emit.call(this, event, ...args);
      } catch (error) {
        // From process.exit() it is its caller's, as everywhere.
        if (fatal === undefined) throw error;
      }
      return leave(args[0]);
    }
    const heard = emit.call(this, event, ...args);
    if (
      event === "uncaughtExceptionMonitor" &&
      process.listenerCount("uncaughtException") === 0 &&
      !process.hasUncaughtExceptionCaptureCallback()
    ) {
      fatal = { error: args[0] };
      // The listeners of "exit" have been called, and will not be again: only the way out is left.
      if (own["_exiting"] === true) leave(EXIT_FAILED);
    }
    return heard;
  };
}

/** Prints an error as Node does: where it was thrown, the error, and the version of Node. */
function report(error: unknown, loading: string | undefined): void {
  const place = loading !== undefined && error instanceof SyntaxError ? placeOfSyntax(error, loading) : placeOf(error);
  const text = `${place}${error instanceof Error ? inspect(error) : `Uncaught:\n${typeof error === "string" ? error : inspect(error)}`}\n\nNode.js ${process.version}\n`;
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

/** Where a syntax error is, Node tells in its own report and nowhere else: another Node is asked, which fails in the same way. */
function placeOfSyntax(error: SyntaxError, module: string): string {
  if (!/^SyntaxError.*\n +at .*\(?node:/.test(error.stack ?? "")) return "";
  const code = `import(${JSON.stringify(module)})`;
  const { stderr } = spawnSync(process.execPath, [...process.execArgv, "-e", code], {
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
    timeout: ASKING,
  });
  const end = stderr.indexOf("\nSyntaxError");
  return end < 0 ? "" : stderr.slice(0, end + 1);
}
