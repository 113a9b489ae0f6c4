// A program that runs beside the bench, for what must be started in a way of its own, and is asked for samples one line at a time.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { delimiter, dirname } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Contender } from "./row.js";

/** The command `brood`. */
const BROOD = fileURLToPath(new URL("../../../bin/brood", import.meta.url));

/** How it is started: as any program, or so that it can be forked in the middle of its work. */
export type Start = "node" | "brood run";

/** Starts a program, which answers each line that it is given, a number of samples, with a line: their values, as a JSON array. */
export async function beside(start: Start, program: URL, args: readonly (string | number)[]): Promise<Contender> {
  const words = ["--expose-gc", fileURLToPath(program), ...args.map(String)];
  const [command, all] = start === "node" ? [process.execPath, words] : ["sh", [BROOD, "run", ...words]];
  const child = spawn(command, all, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}` },
  });
  const lines = createInterface({ input: child.stdout });
  await answer(child, lines);
  return {
    async round(samples) {
      const answered = answer(child, lines);
      child.stdin.write(`${samples}\n`);
      return JSON.parse(await answered) as number[];
    },
    async close() {
      const ended = once(child, "close");
      child.stdin.end();
      await ended;
    },
  };
}

/** The next line. @throws where the program ends instead */
async function answer(child: ChildProcess, lines: Interface): Promise<string> {
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`a program of the bench ended with ${String(code)} instead of an answer`);
  });
  const [line] = (await Promise.race([once(lines, "line"), ended])) as [string];
  // It ends some day, and nobody listens then.
  ended.catch(() => {});
  return line;
}
