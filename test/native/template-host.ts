// The host of one template that runs fork-template.js, as a law sees it: what it asks for, and what it is told.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { ForkFailure, Lifeline, ProcessHandle, TemplateEvent, TemplateHandle } from "#brood/native/forkserver.js";
import { loadForkserver } from "#brood/native/load.js";
import { templateFlags } from "#brood/spawn/fork-support.js";
import { gate, until } from "#brood/testing/gate.js";

const native = loadForkserver();
const PROGRAM = fileURLToPath(new URL("./fork-template.js", import.meta.url));

const watched = new Map<number, () => void>();
let nextId = 1;
native.onExit((ids) => {
  for (const id of ids) watched.get(id)?.();
});

export type Exited = Extract<TemplateEvent, { kind: "exited" }>;

/** A child that was asked for. */
export interface Asked {
  readonly seq: number;
  /** A handle, that the law closes; or why there is none. */
  readonly born: Promise<ProcessHandle | ForkFailure | "closed">;
  /** How it ended, as its template tells; never, where that cannot tell any more. */
  readonly exited: Promise<Exited>;
  /** All that it has written, at the end of its channel. */
  readonly text: Promise<string>;
  /** It has written something. */
  readonly spoke: Promise<void>;
  /** Ends its lifeline. */
  release(): void;
}

interface Waiting {
  born(value: ProcessHandle | ForkFailure | "closed"): void;
  exited(value: Exited): void;
}

export interface TestTemplateOptions {
  /** Default: as brood starts them. */
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** What the program does before it serves. */
  readonly order?: string;
}

export class TestTemplate {
  readonly handle: TemplateHandle;
  readonly process: ChildProcess;
  readonly told: string[] = [];
  /** The last event, once it has come. */
  closed: Extract<TemplateEvent, { kind: "closed" }> | undefined;
  readonly #waiting = new Map<number, Waiting>();
  readonly #id = nextId++;
  readonly #lifeline: Lifeline;
  /** What the addon tells does not hold the loop; a law waits for it. */
  readonly #awake = setInterval(() => {}, 1e6);
  #seq = 0;

  constructor({ flags = templateFlags(), env = process.env, order = "serve" }: TestTemplateOptions = {}) {
    this.handle = new native.TemplateHandle();
    this.#lifeline = new native.Lifeline();
    this.process = spawn(process.execPath, [...flags, "--expose-gc", PROGRAM, order], {
      // Inherited, since a crash may say a lot, and nobody would read while it does.
      stdio: ["ignore", "inherit", "inherit", this.handle.templateFd, this.#lifeline.readFd],
      detached: true,
      env,
    });
    this.handle.handedOver();
    this.#lifeline.handedOver();
    watched.set(this.#id, () => this.#receive());
    this.handle.watch(this.#id);
  }

  #receive(): void {
    for (const event of this.handle.receive()) {
      const waiting = "seq" in event ? this.#waiting.get(event.seq) : undefined;
      if (event.kind === "told") this.told.push(Buffer.from(event.payload).toString());
      else if (event.kind === "forked") waiting?.born(event.process);
      else if (event.kind === "failed") waiting?.born(event.failure);
      else if (event.kind === "exited") waiting?.exited(event);
      else {
        this.closed = event;
        for (const one of this.#waiting.values()) one.born("closed");
      }
    }
  }

  /** Resolves when it has told that it will serve. */
  async ready(): Promise<this> {
    await until("the template serves", () => this.told.length > 0, 20_000);
    return this;
  }

  /** @throws what `fork` throws; nothing is left then */
  ask(payload: string, stdio: readonly [number, number, number] = [-1, -1, -1]): Asked {
    const seq = this.#seq++;
    const lifeline = new native.Lifeline();
    const [ours, theirs] = native.socketPair();
    const born = gate<ProcessHandle | ForkFailure | "closed">();
    const exited = gate<Exited>();
    this.#waiting.set(seq, { born: born.open, exited: exited.open });
    const request = { seq, payload: Buffer.from(payload), lifeline: lifeline.readFd, stdio, descriptors: [theirs] };
    try {
      this.handle.fork(request);
    } catch (error) {
      lifeline.release();
      native.closeFd(ours);
      throw error;
    } finally {
      lifeline.handedOver();
      native.closeFd(theirs);
    }
    const channel = new Socket({ fd: ours });
    native.takeFd(ours);
    let text = "";
    const spoke = gate();
    channel.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      spoke.open();
    });
    // Reset: it was ended with something unread.
    channel.on("error", () => {});
    return {
      seq,
      born: born.promise,
      exited: exited.promise,
      text: new Promise((resolve) => channel.once("close", () => resolve(text))),
      spoke: spoke.promise,
      release: () => lifeline.release(),
    };
  }

  /** Asks, and resolves to how the child ended and what it wrote. */
  async run(payload: string): Promise<{ exited: Exited; text: string; pid: number }> {
    const asked = this.ask(payload);
    const process = await asked.born;
    if (process === "closed" || "step" in process) throw new Error(`no child: ${JSON.stringify(process)}`);
    const { pid } = process;
    process.close();
    const [exited, text] = await Promise.all([asked.exited, asked.text]);
    asked.release();
    this.#waiting.delete(asked.seq);
    return { exited, text, pid };
  }

  /** Ends it, and resolves when it is gone. */
  async close(): Promise<void> {
    const gone = this.process.exitCode === null && this.process.signalCode === null && once(this.process, "exit");
    this.handle.close();
    watched.delete(this.#id);
    clearInterval(this.#awake);
    await gone;
    this.#lifeline.release();
  }
}
