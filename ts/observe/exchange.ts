// How another process of the same user asks a live host for its dump: it leaves a file with a one-time name in a directory that is this
// user's alone, and sends SIGUSR2. Nothing is opened or watched in the host for that.
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { isPrivateDirectory } from "../spawn/cache-directory.js";

/** What the two exchange files through, by the environment of the host; undefined where there is no such place. */
export function exchangeDirectory(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const base = env["XDG_RUNTIME_DIR"] || env["TMPDIR"] || tmpdir();
  const directory = join(base, `brood-${process.getuid?.()}`);
  return isAbsolute(base) && isPrivateDirectory(directory) ? directory : undefined;
}

/** The question for a host. */
export const questionFile = (directory: string, pid: number): string => join(directory, `asked-${pid}`);
/** The answer to it. */
export const answerFile = (directory: string, pid: number, name: string): string =>
  join(directory, `answer-${pid}-${name}`);

/** Takes the question that was left for this process. @returns how to answer it; undefined where none was left */
export function takeQuestion(): ((answer: string) => void) | undefined {
  const directory = exchangeDirectory(process.env);
  if (directory === undefined) return undefined;
  let name: string;
  try {
    const question = questionFile(directory, process.pid);
    name = readFileSync(question, "utf8");
    rmSync(question);
  } catch {
    return undefined;
  }
  if (!/^[\da-f-]{36}$/.test(name)) return undefined;
  return (answer) => {
    const file = answerFile(directory, process.pid, name);
    try {
      writeFileSync(`${file}.part`, answer, { mode: 0o600, flag: "wx" });
      // It is there whole or not at all.
      renameSync(`${file}.part`, file);
    } catch {
      // Whoever asked has a bound of its own.
    }
  };
}
