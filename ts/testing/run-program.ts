// Runs one of programs/*.js to its end as a host of its own, for laws that need another main module, other flags or a stream
// that nobody reads. It is killed where it does not end by itself, so that a law about it can fail.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { sameStart } from "./same-start.js";

export interface RunOptions {
  /** Flags of Node, before the program. */
  readonly flags?: readonly string[];
  /** Added to this process's environment; undefined leaves one out. */
  readonly env?: { readonly [name: string]: string | undefined };
  /** An IPC channel to it, as `fork()` makes one. */
  readonly ipc?: boolean;
  /** Nobody reads its standard output, and the pipe stays open. */
  readonly deaf?: boolean;
  /** How many descriptors it may have open. */
  readonly descriptors?: number;
  /** How long it may take, in ms. */
  readonly ms?: number;
}

export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** It did not end within `ms`, and was killed. */
  readonly late: boolean;
}

/** Runs `programs/<name>.js`, or the file of a URL. */
export async function runProgram(
  program: string | URL,
  args: readonly string[],
  options: RunOptions = {},
): Promise<ProgramEnd> {
  const file = fileURLToPath(
    typeof program === "string" ? new URL(`./programs/${program}.js`, import.meta.url) : program,
  );
  const limit =
    options.descriptors === undefined ? [] : ["sh", "-c", 'ulimit -n "$0"; exec "$@"', `${options.descriptors}`];
  const [command, ...all] = [...limit, process.execPath, ...sameStart(), ...(options.flags ?? []), file, ...args];
  const child = spawn(command as string, all, {
    env: { ...process.env, ...options.env },
    stdio: options.ipc === true ? ["ignore", "pipe", "pipe", "ipc"] : ["ignore", "pipe", "pipe"],
  });
  const stdout = options.deaf === true ? undefined : linesOf(child.stdout);
  const stderr = linesOf(child.stderr);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, options.ms ?? 15_000);
  try {
    const end = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => resolve({ code, signal }));
    });
    return { ...end, stdout: (await stdout) ?? [], stderr: await stderr, late };
  } finally {
    clearTimeout(timer);
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

/** What it printed as its last line of standard output, as JSON; where it did not come that far, throws all it said. */
export function answerOf(end: ProgramEnd): unknown {
  const last = end.stdout.at(-1);
  if (end.code === 0 && last !== undefined) return JSON.parse(last) as unknown;
  throw new Error(
    `the program ended with ${end.code ?? end.signal}${end.late ? ", because it was late" : ""}:\n${[...end.stdout, ...end.stderr].join("\n")}`,
  );
}

async function linesOf(stream: NodeJS.ReadableStream | null): Promise<string[]> {
  const lines: string[] = [];
  if (stream !== null) for await (const line of createInterface({ input: stream })) lines.push(line);
  return lines;
}
