// What the owner of a process needs in the end: its lines of output, how it ended, and a bound on waiting for either.
import type { ProcessHandle } from "../native/forkserver.js";
import type { BodyEnd } from "../protocol/body.js";
import { LineSplitter, Tail } from "./lines.js";
import { signalName } from "./signal-name.js";
import type { SocketTransport } from "./socket-transport.js";

/** From the process's exit to the end of its channel and output, in ms: what was written is read, a descendant that keeps a
 *  pipe open holds nobody up (facts, section 0). */
export const DRAIN = 500;
/** From SIGKILL to giving up on hearing of the exit, in ms: a process in an uninterruptible system call ends when the kernel
 *  lets it, and nobody may wait for that. */
export const GIVE_UP = 5000;

const SIGTERM = 15;
const SIGKILL = 9;
const SIGCONT = 18;

/** V8's own words when the heap limit is reached; the process then aborts. */
const HEAP_EXHAUSTED = /^FATAL ERROR: .*JavaScript heap out of memory/;

/** Both outputs of a process, by line. */
export class ProcessOutput {
  readonly #tail = new Tail();
  // Noted as it passes: the native stack that V8 prints after it may be longer than the tail.
  #exhausted = false;
  readonly #streams: readonly (NodeJS.ReadableStream | null)[];
  /** Settles when both have ended. */
  readonly over: Promise<unknown>;

  constructor(
    stdout: NodeJS.ReadableStream | null,
    stderr: NodeJS.ReadableStream | null,
    output: (stream: "stdout" | "stderr", text: string) => void,
  ) {
    this.#streams = [stdout, stderr];
    this.over = Promise.all([
      readLines(stdout, (text) => output("stdout", text)),
      readLines(stderr, (text) => {
        this.#tail.push(text);
        if (HEAP_EXHAUSTED.test(text)) this.#exhausted = true;
        output("stderr", text);
      }),
    ]);
  }

  /** Reads no more. */
  destroy(): void {
    for (const stream of this.#streams) (stream as { destroy?(): void } | null)?.destroy?.();
  }

  /** The end with this status, as far as the output tells of it. */
  endOf(status: BodyEnd["status"]): BodyEnd {
    const memory = this.#exhausted && status.kind === "signalled" && status.signal === "SIGABRT";
    return {
      status,
      stderr: this.#tail.lines,
      ...(memory ? { memory: "its JavaScript heap is exhausted (--max-old-space-size)" } : {}),
    };
  }
}

function readLines(stream: NodeJS.ReadableStream | null, line: (text: string) => void): Promise<void> {
  if (stream === null) return Promise.resolve();
  const splitter = new LineSplitter(line);
  stream.on("data", (chunk: Buffer) => splitter.push(chunk));
  return new Promise((resolve) => {
    stream.on("error", () => resolve());
    stream.on("close", () => {
      splitter.end();
      resolve();
    });
  });
}

/** How the process of a handle has ended, where the kernel tells anybody but its parent. */
export function statusOf(handle: ProcessHandle): BodyEnd["status"] {
  return statusFrom(handle.exitStatus() ?? {});
}

/** The same, of what somebody has told. */
export function statusFrom(status: { readonly code?: number; readonly signal?: number }): BodyEnd["status"] {
  if (status.code !== undefined) return { kind: "exited", code: status.code };
  if (status.signal !== undefined) return { kind: "signalled", signal: signalName(status.signal) };
  return { kind: "lost" };
}

/** Asks it to end; one that is stopped has to go on to hear it. */
export function askToEnd(handle: ProcessHandle | undefined): void {
  handle?.signal(SIGTERM);
  handle?.signal(SIGCONT);
}

/** Kills it with its group; one that leads none yet alone. */
export function killGroup(handle: ProcessHandle): void {
  if (!handle.signalGroup(SIGKILL)) handle.signal(SIGKILL);
}

/** Its process has ended: whatever it started in its group goes with it, and what it has written is read, for a bounded time. */
export async function drained(
  handle: ProcessHandle | undefined,
  output: ProcessOutput,
  transport: SocketTransport,
): Promise<void> {
  handle?.signalGroup(SIGKILL);
  await within(Promise.all([output.over, transport.over]), DRAIN);
  output.destroy();
  transport.destroy();
}

/** Calls `then` after `ms`; not before the loop has looked once more, for it may have been busy until now. */
export function inAWhile(ms: number, then: () => void): ReturnType<typeof setTimeout> {
  return setTimeout(() => setImmediate(then), ms);
}

/** Waits for `work`, at most `ms`. */
async function within(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, late]);
  clearTimeout(timer);
}
