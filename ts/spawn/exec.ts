// Spawn method `exec`: an actor is a fresh Node process. It leads its own process group, its channel is a socketpair, and its
// lifeline is armed before any code of the user's: when this process ends, however that happens, the kernel ends the actor
// and its group. Its end is learnt from child_process (exact status) and from a pidfd opened in the turn of its birth, so
// that no signal ever meets a recycled pid.
import { spawn as spawnProcess, type ChildProcess } from "node:child_process";
import type { Body, BodyEnd, BodySink } from "../protocol/body.js";
import type { ProcessHandle } from "../native/forkserver.js";
import { loadForkserver } from "../native/load.js";
import { watchExit } from "./exits.js";
import { codeCacheFile } from "./code-cache.js";
import { actorEnvironment } from "./environment.js";
import { entryFile } from "./entry-files.js";
import { inheritedFlags, preloadsAnything } from "./inherited-flags.js";
import type { BodyRequest, SpawnMethodImplementation } from "./method.js";
import { checkProcess } from "./process-flags.js";
import { askToEnd, DRAIN, drained, GIVE_UP, inAWhile, killGroup, ProcessOutput, statusOf } from "./process-output.js";
import { SocketTransport } from "./socket-transport.js";

export const exec: SpawnMethodImplementation = {
  check: checkProcess,

  spawn(request: BodyRequest): Body {
    return new ExecBody(request);
  },
};

class ExecBody implements Body {
  readonly pid: number | undefined;
  readonly transport: SocketTransport;
  readonly gone: Promise<BodyEnd>;
  readonly #child: ChildProcess;
  readonly #sink: BodySink;
  #handle: ProcessHandle | undefined;
  #unwatch: (() => void) | undefined;
  #giveUp: ReturnType<typeof setTimeout> | undefined;
  #finish!: (status: BodyEnd["status"]) => void;
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

    const output = new ProcessOutput(child.stdout, child.stderr, request.output);
    this.gone = new Promise((resolve) => {
      this.#finish = (status) => {
        if (this.#finished) return;
        this.#finished = true;
        clearTimeout(this.#giveUp);
        const over = drained(this.#handle, output, this.transport);
        lifeline.release();
        void over.then(() => {
          this.#unwatch?.();
          resolve(output.endOf(status));
        });
      };
    });
    child.once("error", (error) => {
      if (child.pid === undefined) this.#finish({ kind: "unborn", error });
    });
    child.once("exit", (code, signal) => {
      this.#finish(signal !== null ? { kind: "signalled", signal } : { kind: "exited", code: code ?? 0 });
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
    askToEnd(this.#handle);
  }

  kill(): void {
    if (this.#finished) return;
    if (this.#handle === undefined) this.#child.kill("SIGKILL");
    else killGroup(this.#handle);
    this.#giveUp ??= this.#concludeIn(GIVE_UP, () => ({ kind: "lost" }));
  }

  /** Ends the wait for child_process after `ms`. */
  #concludeIn(ms: number, status: () => BodyEnd["status"]): ReturnType<typeof setTimeout> {
    return inAWhile(ms, () => {
      if (!this.#finished) this.#finish(status());
    });
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
