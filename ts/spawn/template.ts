// One template: a Node process that has loaded what its actors need, and forks them. This is its owner in the host: it starts it, asks
// it for forks, hands on what it tells of each child, and ends it. Its end costs no running actor its life.
import { spawn, type ChildProcess } from "node:child_process";
import { TemplateFailed } from "../errors/template.js";
import type { Lifeline, ProcessHandle, TemplateHandle } from "../native/forkserver.js";
import { loadForkserver } from "../native/load.js";
import { BIRTH_HEADER, type AwaitsBirth, type TemplateOrder, type TemplateWord } from "../protocol/entry-contract.js";
import { codeCacheFile } from "./code-cache.js";
import { entryFile } from "./entry-files.js";
import { templateEnvironment } from "./environment.js";
import { watchTemplate } from "./exits.js";
import { ForkEnds } from "./fork-ends.js";
import { forkError } from "./fork-error.js";
import { templateFlags } from "./fork-support.js";
import { killGroup, ProcessOutput } from "./process-output.js";
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
/** What a request takes along, in bytes; more goes through the channel. */
const MOST_PAYLOAD = 60_000;
/** A start that follows another within so many ms has reason to expect a third: one child is forked ahead for it. One that nobody
 *  takes for as long is ended. */
const SOON = 5_000;
/** From an actor's first word to the fork of the next, in ms: it becomes ready meanwhile, and needs this process. */
const AHEAD = 1;

const AWAITS = Buffer.from(JSON.stringify({ awaits: true } satisfies AwaitsBirth));

export const LIMITS: TemplateLimits = { forks: 20_000, early: 3 };

/** What makes templates differ. */
export interface TemplateKind {
  /** Flags of Node beside its own. */
  readonly flags: readonly string[];
  /** What of the environment is read when Node starts. */
  readonly env: NodeJS.ProcessEnv;
  readonly order: TemplateOrder;
}

/** A child that lives, as its owner gets it. */
export interface ForkedProcess {
  readonly handle: ProcessHandle;
  /** The host's ends of its channel, its outputs and its lifeline. */
  readonly ends: ForkEnds;
  /** What it waits for: to be written to its channel before all else; undefined where it has it. */
  readonly awaits: Uint8Array | undefined;
}

/** Who asked for a fork, and is told what became of it. `born`, if at all, comes first; then one of the others, once. */
export interface ForkOwner {
  /** What the child is to be, as JSON. @throws where that cannot be told */
  birth(): Uint8Array;
  /** The child lives; all of it is the owner's now. */
  born(child: ForkedProcess): void;
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
  /** Its end is wanted: to die early is no fault of its template's now, and what was not born yet will not be, or dies of it. True: it
   *  was not even asked for. */
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
  /** undefined: it is forked ahead, and nobody's yet. */
  owner: ForkOwner | undefined;
  stage: "waiting" | "sent" | "alive";
  /** What its owner gets: from `sent` on the ends, from `alive` on the handle, until then kept here. */
  ends: ForkEnds | undefined;
  handle: ProcessHandle | undefined;
  awaits: Uint8Array | undefined;
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
  /** Those with an owner that have not spoken yet. */
  readonly #silent = new Set<Asked>();
  /** Forked ahead. */
  #spare: Asked | undefined;
  #spareTimer: ReturnType<typeof setTimeout> | undefined;
  #lastFork = -Infinity;
  #often = false;
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

  /** Asks for a child: at once, or as soon as it is ready. One that was forked ahead is there already. */
  fork(owner: ForkOwner): ForkTicket {
    const now = performance.now();
    this.#often = now - this.#lastFork < SOON;
    this.#lastFork = now;
    const asked = this.#takeSpare(owner) ?? this.#ask(owner);
    if (this.#asked.has(asked.seq)) this.#silent.add(asked);
    return {
      spoke: () => {
        if (asked.spoke) return;
        asked.spoke = true;
        this.#silent.delete(asked);
        this.#advance("hello");
        setTimeout(() => this.#forkAhead(), AHEAD).unref();
      },
      unwanted: () => {
        asked.unwanted = true;
        if (!this.#asked.has(asked.seq)) return false;
        if (asked.stage === "waiting") {
          this.#forget(asked);
          return true;
        }
        asked.ends?.lifeline.release();
        return false;
      },
      silent: () => this.#end("deadline", "died", "it did not tell of the end of an actor"),
    };
  }

  /** It is asked for nothing new, and ends when its last child has. */
  retire(): void {
    this.#advance("retired");
  }

  /** Ends the child that was forked ahead, where there is one. */
  dropSpare(): void {
    const spare = this.#spare;
    if (spare === undefined) return;
    this.#spare = undefined;
    clearTimeout(this.#spareTimer);
    spare.unwanted = true;
    this.#abandon(spare);
  }

  #ask(owner: ForkOwner | undefined): Asked {
    const asked: Asked = {
      seq: this.#seq++,
      owner,
      stage: "waiting",
      ends: undefined,
      handle: undefined,
      awaits: undefined,
      spoke: false,
      unwanted: false,
      due: Infinity,
      timer: undefined,
    };
    this.#asked.set(asked.seq, asked);
    this.#advance("asked");
    if (this.#word?.kind === "ready") this.#send(asked);
    return asked;
  }

  /** Whoever waits comes first: it is asked for when the last one has spoken. */
  #forkAhead(): void {
    if (!this.#often || this.#spare !== undefined || this.#silent.size > 0 || this.#life.status !== "ready") return;
    const spare = this.#ask(undefined);
    // Where there is no room for one there is none.
    if (!this.#asked.has(spare.seq)) return;
    this.#spare = spare;
    this.#spareTimer = setTimeout(() => this.dropSpare(), SOON).unref();
  }

  #takeSpare(owner: ForkOwner): Asked | undefined {
    const spare = this.#spare;
    if (spare === undefined) return undefined;
    // It has just died, and the news of it is still to come.
    if (spare.handle?.signal(0) === false) return undefined;
    spare.awaits = withLength(owner.birth());
    this.#spare = undefined;
    clearTimeout(this.#spareTimer);
    spare.owner = owner;
    // Its owner has the ticket first.
    if (spare.stage === "alive") queueMicrotask(() => this.#handOver(spare));
    return spare;
  }

  #send(asked: Asked): void {
    if (!this.#asked.has(asked.seq)) return;
    if (asked.due === Infinity) {
      asked.due = performance.now() + FORK;
      asked.timer = setTimeout(() => this.#check(), FORK);
      // Nobody waits for it.
      if (asked.owner === undefined) asked.timer.unref();
    }
    let ends: ForkEnds | undefined;
    try {
      const birth = asked.owner?.birth();
      const fits = birth !== undefined && birth.length <= MOST_PAYLOAD;
      ends = new ForkEnds();
      this.#handle.fork({ seq: asked.seq, payload: fits ? birth : AWAITS, ...ends.given() });
      ends.handedOver();
      asked.stage = "sent";
      asked.ends = ends;
      asked.awaits = fits || birth === undefined ? undefined : withLength(birth);
    } catch (error) {
      ends?.handedOver();
      ends?.drop();
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EAGAIN" && ends !== undefined && asked.owner !== undefined) {
        // It has not taken those before; its time runs.
        setTimeout(() => this.#send(asked), AGAIN);
        return;
      }
      this.#forget(asked);
      asked.owner?.stillborn(
        code === undefined ? (error as Error) : forkError(this.pid, code, ends === undefined ? "prepare" : "request"),
      );
    }
  }

  #handOver(asked: Asked): void {
    const { owner, handle, ends, awaits } = asked;
    if (owner === undefined || handle === undefined || ends === undefined) return;
    asked.handle = undefined;
    asked.ends = undefined;
    asked.awaits = undefined;
    owner.born({ handle, ends, awaits });
  }

  /** Nobody will own it: it ends, and what is kept for its owner goes. */
  #abandon(asked: Asked): void {
    const { handle, ends } = asked;
    asked.handle = undefined;
    asked.ends = undefined;
    if (handle !== undefined) {
      killGroup(handle);
      handle.close();
    }
    ends?.drop();
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
          asked.handle = event.process;
          this.#advance("forked");
          if (asked.owner !== undefined) this.#handOver(asked);
          else if (this.#spare !== asked) this.#abandon(asked);
          break;
        }
        case "failed": {
          const asked = this.#asked.get(event.seq);
          if (asked === undefined) break;
          this.#forget(asked);
          asked.owner?.stillborn(forkError(this.pid, event.failure.code, event.failure.step));
          break;
        }
        case "exited": {
          const asked = this.#asked.get(event.seq);
          if (asked === undefined) break;
          this.#forget(asked, !asked.spoke && !asked.unwanted);
          if (event.failure === undefined) asked.owner?.exited(event);
          else asked.owner?.stillborn(forkError(this.pid, event.failure.code, event.failure.step));
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
    this.#silent.delete(asked);
    if (this.#spare === asked) {
      this.#spare = undefined;
      clearTimeout(this.#spareTimer);
    }
    this.#abandon(asked);
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
    if (this.#life.status !== "ready" && before.status === "ready") this.dropSpare();
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
    this.#silent.clear();
    const error = this.#failure ?? new TemplateFailed("died", this.pid, "it was ended");
    for (const one of asked) {
      clearTimeout(one.timer);
      // What its owner has got is no concern of this any more.
      this.#abandon(one);
      if (one.stage === "alive") one.owner?.orphaned();
      else one.owner?.stillborn(error);
    }
  }
}

function withLength(birth: Uint8Array): Uint8Array {
  const header = Buffer.alloc(BIRTH_HEADER);
  header.writeUInt32BE(birth.length);
  return Buffer.concat([header, birth]);
}
