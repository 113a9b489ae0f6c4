// The other end of `Program`: how a program beside a law tells events and hears commands.
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";

/** Tells an event, at once: also a program that ends in the next line has told it. */
export function tell(event: string, details: object = {}): void {
  writeSync(1, `${JSON.stringify({ event, ...details })}\n`);
}

/** Calls `command` for every line. Hearing does not keep the program alive. */
export function hear(command: (line: string) => unknown): void {
  createInterface({ input: process.stdin }).on("line", command);
  (process.stdin as unknown as { unref(): void }).unref();
}

/** What the law gave the program. */
export function config<T>(): T {
  return JSON.parse(process.argv[2] as string) as T;
}
