// Spawn method `exec`: an actor is a fresh Node process. It leads its own process group, its channel is a socketpair, and its
// lifeline is armed before any code of the user's: when this process ends, however that happens, the kernel ends the actor
// and its group. Its end is learnt from child_process (exact status) and from a pidfd opened in the turn of its birth, so
// that no signal ever meets a recycled pid.
import { spawn as spawnProcess, type ChildProcess } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { InvalidOption } from "../errors/kinds.js";
import type { Body, BodyEnd, BodySink } from "../protocol/body.js";
import type { ProcessHandle } from "../native/forkserver.js";
import { loadForkserver } from "../native/load.js";
import { watchExit } from "./exits.js";
import { codeCacheFile } from "./code-cache.js";
import { actorEnvironment } from "./environment.js";
import { entryFile } from "./entry-files.js";
import { inheritedFlags, preloadsAnything } from "./inherited-flags.js";
import { LineSplitter, Tail } from "./lines.js";
import type { BodyOptions, BodyRequest, SpawnMethodImplementation } from "./method.js";
import { signalName } from "./signal-name.js";
import { SocketTransport } from "./socket-transport.js";

/** From the process's exit to the end of its channel and output, in ms: what was written is read, a descendant that keeps a
 *  pipe open holds nobody up (facts, section 0). */
const DRAIN = 500;
/** From SIGKILL to giving up on hearing of the exit, in ms: a process in an uninterruptible system call ends when the kernel
 *  lets it, and nobody may wait for that. */
const GIVE_UP = 5000;

const SIGTERM = 15;
const SIGKILL = 9;
const SIGCONT = 18;

export const exec: SpawnMethodImplementation = {
  check(what: string, options: BodyOptions): void {
    const { cwd, execArgv } = options;
    if (cwd !== undefined) checkDirectory(`${what}: cwd`, cwd);
    for (const [index, flag] of (execArgv ?? []).entries()) checkFlag(`${what}: execArgv[${index}]`, flag, index === 0);
  },

  spawn(request: BodyRequest): Body {
    return new ExecBody(request);
  },
};

function checkDirectory(option: string, cwd: string): void {
  const accepted = "the absolute path of a directory that can be entered";
  if (!isAbsolute(cwd)) throw new InvalidOption(option, cwd, accepted);
  try {
    accessSync(cwd, constants.X_OK);
    if (statSync(cwd).isDirectory()) return;
  } catch {
    // Falls through to the refusal.
  }
  throw new InvalidOption(option, cwd, accepted);
}

/** Flags that would make the process something else than an actor. */
const NO_ACTOR =
  /^(-e|--eval|-p|-pe|--print|-v|--version|-h|--help|-c|--check|-i|--interactive|--test|--watch|--run|--inspect|--inspect-brk|--inspect-wait|--)($|=|-)/;

/** Only a value can stand without a dash, and it has its flag before it. */
function checkFlag(option: string, flag: unknown, first: boolean): void {
  const accepted =
    'a flag of Node, as "--max-old-space-size=128"; not one that makes Node run something else (-e, --test, --watch, --inspect)';
  if (
    typeof flag !== "string" ||
    flag === "" ||
    flag.includes("\0") ||
    NO_ACTOR.test(flag) ||
    (first && !flag.startsWith("-"))
  )
    throw new InvalidOption(option, flag, accepted);
}

class ExecBody implements Body {
  readonly pid: number | undefined;
  readonly transport: SocketTransport;
  readonly gone: Promise<BodyEnd>;
  readonly #child: ChildProcess;
  readonly #sink: BodySink;
  #handle: ProcessHandle | undefined;
  #unwatch: (() => void) | undefined;
  #giveUp: ReturnType<typeof setTimeout> | undefined;
  #finish!: (end: BodyEnd) => void;
  #finished = false;

  constructor(request: BodyRequest) {
    const native = loadForkserver();
    const { options } = request;
    this.#sink = request.sink;
    const flags = [...inheritedFlags(process.execArgv), ...(options.execArgv ?? [])];
    const [hostEnd, actorEnd] = native.socketPair();
    let lifeline;
    try {
      lifeline = new native.Lifeline();
      this.#child = spawnProcess(process.execPath, argumentsFor(flags), {
        cwd: options.cwd,
        env: actorEnvironment(options.env, request.token, codeCacheFile(entryFile("actor-process"), flags)),
        // CHANNEL_FD and LIFELINE_FD of the entry's contract.
        stdio: ["ignore", "pipe", "pipe", actorEnd, lifeline.readFd],
        // A group of its own, so that the lifeline and a kill reach what the actor starts.
        detached: true,
        windowsHide: true,
      });
    } catch (error) {
      native.closeFd(hostEnd);
      lifeline?.release();
      throw error;
    } finally {
      native.closeFd(actorEnd);
      lifeline?.handedOver();
    }
    const child = this.#child;
    this.pid = child.pid;
    // In the turn of its birth: nobody can have reaped it, so the pid is its own.
    if (child.pid !== undefined) this.#handle = openHandle(native, child.pid);
    this.transport = new SocketTransport(hostEnd, request.sink);
    native.takeFd(hostEnd);

    const tail = new Tail();
    // Noted as it passes: the native stack that V8 prints after it may be longer than the tail.
    let exhausted = false;
    const readers = [
      readLines(child.stdout, (text) => request.output("stdout", text)),
      readLines(child.stderr, (text) => {
        tail.push(text);
        if (HEAP_EXHAUSTED.test(text)) exhausted = true;
        request.output("stderr", text);
      }),
      this.transport.over,
    ];
    const stopReading = (): void => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      this.transport.destroy();
    };

    this.gone = new Promise((resolve) => {
      this.#finish = (end) => {
        if (this.#finished) return;
        this.#finished = true;
        clearTimeout(this.#giveUp);
        // Whatever the actor started in its group goes with it.
        this.#handle?.signalGroup(SIGKILL);
        lifeline.release();
        void within(Promise.all(readers), DRAIN).then(() => {
          stopReading();
          this.#unwatch?.();
          const memory = exhausted && end.status.kind === "signalled" && end.status.signal === "SIGABRT";
          resolve({
            ...end,
            stderr: tail.lines,
            ...(memory ? { memory: "its JavaScript heap is exhausted (--max-old-space-size)" } : {}),
          });
        });
      };
    });
    child.once("error", (error) => {
      if (child.pid === undefined) this.#finish({ status: { kind: "unborn", error }, stderr: [] });
    });
    child.once("exit", (code, signal) => {
      this.#finish({
        status: signal !== null ? { kind: "signalled", signal } : { kind: "exited", code: code ?? 0 },
        stderr: [],
      });
    });
    // The pidfd's news is the belt: it counts only where child_process never hears of the exit, because something else in
    // this process reaped the child.
    if (this.#handle !== undefined) {
      const handle = this.#handle;
      this.#unwatch = watchExit(handle, () => {
        if (this.#finished) return;
        clearTimeout(this.#giveUp);
        this.#giveUp = this.#concludeIn(DRAIN, () => statusOf(handle));
      });
    }
  }

  begin(): void {
    this.#sink.speaks(this.transport);
  }

  terminate(): void {
    if (this.#finished) return;
    this.#handle?.signal(SIGTERM);
    this.#handle?.signal(SIGCONT);
  }

  kill(): void {
    if (this.#finished) return;
    if (this.#handle === undefined) this.#child.kill("SIGKILL");
    else if (!this.#handle.signalGroup(SIGKILL)) this.#handle.signal(SIGKILL);
    this.#giveUp ??= this.#concludeIn(GIVE_UP, () => ({ kind: "lost" }));
  }

  /** Ends the wait for child_process after `ms`; not before the loop has looked once more, for it may have been busy until now. */
  #concludeIn(ms: number, status: () => BodyEnd["status"]): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      setImmediate(() => {
        if (!this.#finished) this.#finish({ status: status(), stderr: [] });
      });
    }, ms);
  }
}

/** The entry arms the lifeline first of all, unless something of the user's runs before it: then a preload of brood's own does. */
function argumentsFor(flags: readonly string[]): string[] {
  const first = preloadsAnything(flags) ? ["--require", entryFile("lifeline")] : [];
  return [...first, ...flags, entryFile("process")];
}

function openHandle(native: ReturnType<typeof loadForkserver>, pid: number): ProcessHandle | undefined {
  try {
    return native.ProcessHandle.open(pid);
  } catch {
    // A kernel without pidfds (before 5.3): child_process still knows its child, and signals it by the unreaped pid.
    return undefined;
  }
}

function statusOf(handle: ProcessHandle): BodyEnd["status"] {
  const status = handle.exitStatus();
  if (status?.code !== undefined) return { kind: "exited", code: status.code };
  if (status?.signal !== undefined) return { kind: "signalled", signal: signalName(status.signal) };
  return { kind: "lost" };
}

/** V8's own words when the heap limit is reached; the process then aborts. */
const HEAP_EXHAUSTED = /^FATAL ERROR: .*JavaScript heap out of memory/;

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

/** Waits for `work`, at most `ms`. */
async function within(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, late]);
  clearTimeout(timer);
}
