// A program that runs beside the bench, for what must be started in a way of its own, and is asked for samples one line at a time.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, dirname } from "node:path";
import { createInterface } from "node:readline";
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
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => {
    const { done, value } = await lines.next();
    if (done !== true) return value;
    throw new Error(`a program of the bench has ended instead of answering: ${fileURLToPath(program)}`);
  };
  await answer();
  return {
    async round(samples) {
      child.stdin.write(`${samples}\n`);
      return JSON.parse(await answer()) as number[];
    },
    async close() {
      if (child.exitCode !== null) return;
      const ended = once(child, "close");
      child.stdin.end();
      await ended;
    },
  };
}
