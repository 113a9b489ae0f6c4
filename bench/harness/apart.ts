// Runs what is measured in a process of its own, where nothing else has taken memory yet.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Runs a program and returns the JSON that it writes to stdout. It can ask for a garbage collection. */
export async function apart<T>(program: URL, args: readonly (string | number)[]): Promise<T> {
  const command = ["--expose-gc", fileURLToPath(program), ...args.map(String)];
  const { stdout } = await promisify(execFile)(process.execPath, command);
  return JSON.parse(stdout) as T;
}
