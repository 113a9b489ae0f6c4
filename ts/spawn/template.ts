// One template: a Node process that has loaded what its actors need, and forks them. This is its owner in the host: it starts it, asks
// it for forks, hands on what it tells of each child, and ends it. Its end costs no running actor its life.
import { spawn, type ChildProcess } from "node:child_process";
import { TemplateFailed } from "../errors/template.js";
import type { Lifeline, ProcessHandle, TemplateHandle } from "../native/forkserver.js";
import { loadForkserver } from "../native/load.js";
import type { TemplateOrder, TemplateWord } from "../protocol/entry-contract.js";
import { codeCacheFile } from "./code-cache.js";
import { entryFile } from "./entry-files.js";
import { templateEnvironment } from "./environment.js";
import { watchTemplate } from "./exits.js";
import { templateFlags } from "./fork-support.js";
import { ProcessOutput } from "./process-output.js";
import { NEWBORN, nextLife, type TemplateEvent, type TemplateLife, type TemplateLimits } from "./template-life.js";

/** From its start to its word, in ms: what it preloads may be large. A start that waits has its own, shorter time. */
export const BOOT = 60_000;
/** From a request to the child, in ms; a fork takes one or two, on a busy machine some tens. */
const FORK = 3_000;
/** How long it may serve, in ms: what it preloaded is as old. */
const AGE = 6 * 3_600_000;
/** From the end of its socket to its exit, in ms. */
const EXIT = 100;
/** How soon a template that takes no more requests is asked again, in ms. */
const AGAIN = 2;

export const LIMITS: TemplateLimits = { forks: 20_000, early: 3 };

/** What makes templates differ. */
export interface TemplateKind {
  /** Flags of Node beside its own. */
  readonly flags: readonly string[];
  /** What of the environment is read when Node starts. */
  readonly env: NodeJS.ProcessEnv;
  readonly order: TemplateOrder;
}

/** What a fork is asked to give its child. The descriptors are the asker's, who closes them when `send` has returned. */
export interface ForkGifts {
  readonly payload: Uint8Array;
  readonly lifeline: Lifeline;
  readonly stdio: readonly [number, number, number];
  readonly descriptors: readonly number[];
}

/** Who asked for a fork, and is told what became of it. `born`, if at all, comes first; then one of the others, once. */
export interface ForkOwner {
  /** The template takes the request now: what the child gets. `close` is called as soon as it was taken. @throws where there is no room */
  gifts(): ForkGifts & { close(): void };
  /** The child lives; the handle is the owner's. */
  born(process: ProcessHandle): void;
  /** There is no child, and there will be none. */
  stillborn(error: Error): void;
  /** It is gone and reaped, as the template tells. */
  exited(status: { readonly code?: number; readonly signal?: number }): void;
  /** Nobody will tell of its end any more: its handle is to be asked. */
  orphaned(): void;
}

/** One child that was asked for, as its owner sees the template. */
export interface ForkTicket {
  /** The child has spoken. */
  spoke(): void;
  /** Its end is wanted: to die early is no fault of its template's now. A request that was not sent is withdrawn, and true returned. */
  unwanted(): boolean;
  /** The template did not tell of the child's end, though the child has ended: it is ended itself. */
  silent(): void;
}

/** Who keeps templates, and hears what becomes of them. */
export interface TemplateOwner {
  changed(template: Template, event: TemplateEvent): void;
}

interface Asked {
  readonly seq: number;
  readonly owner: ForkOwner;
  stage: "waiting" | "sent" | "alive";
  spoke: boolean;
  unwanted: boolean;
  /** When it must be alive, once it was sent. */
  due: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export class Template {
  readonly kind: TemplateKind;
  readonly #born = performance.now();
  readonly #owner: TemplateOwner;
  readonly #child: ChildProcess;
  readonly #handle: TemplateHandle;
  readonly #lifeline: Lifeline;
  readonly #unwatch: () => void;
  readonly #asked = new Map<number, Asked>();
  #life: TemplateLife = NEWBORN;
  #seq = 0;
  #word: TemplateWord | undefined;
  #failure: TemplateFailed | undefined;
  readonly #boot: ReturnType<typeof setTimeout>;
  #exit: ReturnType<typeof setTimeout> | undefined;

  /** @throws where it cannot even be started */
  constructor(kind: TemplateKind, owner: TemplateOwner, output: (stream: "stdout" | "stderr", text: string) => void) {
    this.kind = kind;
    this.#owner = owner;
    const native = loadForkserver();
    this.#handle = new native.TemplateHandle();
    let lifeline: Lifeline | undefined;
    try {
      lifeline = new native.Lifeline();
      const flags = [...templateFlags(), ...kind.flags];
      const codeCache = codeCacheFile(entryFile("template-process"), flags);
      this.#child = spawn(process.execPath, [...flags, entryFile("template")], {
        env: templateEnvironment(kind.env, JSON.stringify(kind.order), codeCache),
        // CONTROL_FD and LIFELINE_FD of the entry's contract.
        stdio: ["ignore", "pipe", "pipe", this.#handle.templateFd, lifeline.readFd],
        // Out of reach of ^C, and of whatever is done to this process's group.
        detached: true,
        windowsHide: true,
      });
    } catch (error) {
      this.#handle.close();
      lifeline?.release();
      throw error;
    }
    this.#handle.handedOver();
    lifeline.handedOver();
    this.#lifeline = lifeline;
    const child = this.#child;
    // It holds nobody up: who waits for it has a timer of their own.
    child.unref();
    for (const stream of [child.stdout, child.stderr]) (stream as { unref?(): void } | null)?.unref?.();
    void new ProcessOutput(child.stdout, child.stderr, output);
    this.#unwatch = watchTemplate(this.#handle, () => this.#receive());
    child.once("error", (error) => this.#end("eof", "died", `it could not be started: ${error.message}`));
    child.once("exit", (code, signal) => {
      this.#receive();
      // One that leaves by itself before it is ready has been refused a flag, or a module has ended it: so it goes for its actors.
      if (signal === null)
        this.#end("eof", this.#word === undefined ? "failed" : "died", `it exited with code ${code}`);
      else this.#end("eof", "died", `it was ended by ${signal}`);
    });
    this.#boot = setTimeout(() => this.#check(), BOOT).unref();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }
  get life(): TemplateLife {
    return this.#life;
  }
  /** Whether it can be asked for something new. */
  get serves(): boolean {
    if (this.#life.status === "ready" && performance.now() - this.#born > AGE) this.#advance("aged");
    return this.#life.status === "starting" || this.#life.status === "ready";
  }
  /** What it said of itself. */
  get word(): TemplateWord | undefined {
    return this.#word;
  }
  /** Why it is dead, where that is no ordinary end. */
  get failure(): TemplateFailed | undefined {
    return this.#failure;
  }

  /** Asks for a child: at once, or as soon as it is ready. */
  fork(owner: ForkOwner): ForkTicket {
    const seq = this.#seq++;
    const asked: Asked = {
      seq,
      owner,
      stage: "waiting",
      spoke: false,
      unwanted: false,
      due: Infinity,
      timer: undefined,
    };
    this.#asked.set(seq, asked);
    this.#advance("asked");
    if (this.#word?.kind === "ready") this.#send(asked);
    return {
      spoke: () => {
        if (asked.spoke) return;
        asked.spoke = true;
        this.#advance("hello");
      },
      unwanted: () => {
        asked.unwanted = true;
        if (asked.stage !== "waiting" || !this.#asked.has(seq)) return false;
        this.#forget(asked);
        return true;
      },
      silent: () => this.#end("deadline", "died", "it did not tell of the end of an actor"),
    };
  }

  /** It is asked for nothing new, and ends when its last child has. */
  retire(): void {
    this.#advance("retired");
  }

  #send(asked: Asked): void {
    if (!this.#asked.has(asked.seq)) return;
    if (asked.due === Infinity) {
      asked.due = performance.now() + FORK;
      asked.timer = setTimeout(() => this.#check(), FORK);
    }
    let gifts;
    try {
      gifts = asked.owner.gifts();
      const { payload, lifeline, stdio, descriptors } = gifts;
      this.#handle.fork({ seq: asked.seq, payload, lifeline: lifeline.readFd, stdio, descriptors });
      asked.stage = "sent";
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EAGAIN" && gifts !== undefined) {
        // It has not taken those before; its time runs.
        setTimeout(() => this.#send(asked), AGAIN);
        return;
      }
      this.#forget(asked);
      asked.owner.stillborn(
        code === undefined ? (error as Error) : forkError(this.pid, code, gifts === undefined ? "prepare" : "request"),
      );
    } finally {
      gifts?.close();
    }
  }

  #receive(): void {
    let events;
    try {
      events = this.#handle.receive();
    } catch {
      // Closed meanwhile.
      return;
    }
    for (const event of events) {
      switch (event.kind) {
        case "told":
          this.#heard(JSON.parse(Buffer.from(event.payload).toString("utf8")) as TemplateWord);
          break;
        case "forked": {
          const asked = this.#asked.get(event.seq);
          if (asked === undefined) break;
          clearTimeout(asked.timer);
          asked.stage = "alive";
          this.#advance("forked");
          asked.owner.born(event.process);
          break;
        }
        case "failed": {
          const asked = this.#asked.get(event.seq);
          if (asked === undefined) break;
          this.#forget(asked);
          asked.owner.stillborn(forkError(this.pid, event.failure.code, event.failure.step));
          break;
        }
        case "exited": {
          const asked = this.#asked.get(event.seq);
          if (asked === undefined) break;
          this.#forget(asked, !asked.spoke && !asked.unwanted);
          if (event.failure === undefined) asked.owner.exited(event);
          else asked.owner.stillborn(forkError(this.pid, event.failure.code, event.failure.step));
          break;
        }
        case "closed":
          if (event.code !== undefined) return this.#end("eof", "died", "what it said is not in the protocol");
          // How it ended, its exit will tell in a moment.
          this.#exit = setTimeout(() => this.#end("eof", "died", "its process is gone"), EXIT).unref();
          return;
      }
    }
  }

  #forget(asked: Asked, early = false): void {
    clearTimeout(asked.timer);
    this.#asked.delete(asked.seq);
    this.#advance(early ? "early" : "gone");
  }

  #heard(word: TemplateWord): void {
    if (this.#word !== undefined) return;
    this.#word = word;
    clearTimeout(this.#boot);
    if (word.kind !== "ready") {
      const what = word.module === undefined ? "" : `${word.module}: `;
      return this.#end("refused", word.kind, `${what}${word.why}`);
    }
    this.#advance("ready");
    for (const asked of [...this.#asked.values()]) this.#send(asked);
  }

  /** Something takes too long. Not before the loop has looked once more, for it may have been busy until now. */
  #check(): void {
    setImmediate(() => {
      this.#receive();
      const now = performance.now();
      if (this.#word === undefined && now - this.#born >= BOOT)
        return this.#end("deadline", "died", `it was not ready within ${BOOT} ms`);
      if ([...this.#asked.values()].some(({ stage, due }) => stage !== "alive" && due <= now))
        this.#end("deadline", "died", `it did not fork within ${FORK} ms`);
    });
  }

  #end(event: "eof" | "deadline" | "refused", reason: "died" | "refused" | "failed", why: string): void {
    if (this.#life.status === "dead") return;
    this.#failure = new TemplateFailed(reason, this.pid, why);
    this.#advance(event);
  }

  #advance(event: TemplateEvent): void {
    const before = this.#life;
    this.#life = nextLife(before, event, LIMITS);
    if (this.#life.status === "dead" && before.status !== "dead") this.#close();
    if (before.status !== this.#life.status || before.broken !== this.#life.broken) this.#owner.changed(this, event);
  }

  #close(): void {
    clearTimeout(this.#boot);
    clearTimeout(this.#exit);
    // One that has nothing left to do ends with its socket; any other may not listen.
    if (this.#failure !== undefined) this.#child.kill("SIGKILL");
    this.#unwatch();
    this.#lifeline.release();
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    const error = this.#failure ?? new TemplateFailed("died", this.pid, "it was ended");
    for (const { owner, timer, stage } of asked) {
      clearTimeout(timer);
      if (stage === "alive") owner.orphaned();
      else owner.stillborn(error);
    }
  }
}

function forkError(pid: number | undefined, errno: string, step: string): TemplateFailed {
  return new TemplateFailed("fork", pid, `${errno} at the step "${step}"`, errno, step);
}
