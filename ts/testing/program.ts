// A program beside the law: a host of its own that can be killed, aborted or starved. It tells events as lines of JSON on its
// standard output and is told commands as lines on its standard input.
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { sameStart } from "./same-start.js";

/** How long a program may take to tell what is awaited, in ms. */
const PATIENCE = 15_000;

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly execArgv?: readonly string[];
  /** A command that runs the program, as `["unshare", "--pid"]`. */
  readonly under?: readonly string[];
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class Program {
  readonly #child: ChildProcess;
  readonly #events: Record<string, unknown>[] = [];
  #waiting: {
    readonly name: string;
    readonly resolve: (event: any) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  #stderr = "";
  #over = false;
  readonly ended: Promise<Ended>;

  /** @param program in ts/testing/programs, without extension, or the URL of one; `config` is its one argument */
  constructor(program: string | URL, config: unknown, { env = {}, execArgv = [], under = [] }: ProgramOptions = {}) {
    const path = fileURLToPath(
      typeof program === "string" ? new URL(`./programs/${program}.js`, import.meta.url) : program,
    );
    const [command = process.execPath, ...args] = [
      ...under,
      process.execPath,
      ...sameStart(),
      ...execArgv,
      path,
      JSON.stringify(config),
    ];
    const { PATH, HOME } = process.env;
    this.#child = spawn(command, args, { env: { PATH, HOME, ...env }, stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stdin?.on("error", () => {});
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#stderr += text));
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on("line", (line) => this.#hear(line));
    this.ended = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("exit", (code, signal) => resolve({ code, signal }));
    });
    void this.ended.then(
      (how) => {
        // What it said last may still be in the pipe.
        setTimeout(() => {
          this.#over = true;
          for (const { name, reject } of this.#waiting.splice(0)) reject(this.#untold(name, how));
        }, 500).unref();
      },
      () => {},
    );
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** What it wrote to its standard error so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** The next event of this name. @throws when it ends without, or takes too long */
  async event<T = Record<string, any>>(name: string, ms = PATIENCE): Promise<T> {
    const at = this.#events.findIndex(({ event }) => event === name);
    if (at >= 0) return this.#events.splice(at, 1)[0] as T;
    if (this.#over) throw this.#untold(name, await this.ended);
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#waiting.push({ name, resolve, reject });
        timer = setTimeout(
          () => reject(new Error(`the program did not tell "${name}" within ${ms} ms. It said: ${this.#stderr}`)),
          ms,
        );
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether it has told this event and nobody took it yet. */
  told(name: string): boolean {
    return this.#events.some(({ event }) => event === name);
  }

  send(command: string): void {
    this.#child.stdin?.write(`${command}\n`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  #hear(line: string): void {
    if (!line.startsWith("{")) return;
    const event = JSON.parse(line) as Record<string, unknown>;
    const at = this.#waiting.findIndex(({ name }) => name === event["event"]);
    if (at >= 0) this.#waiting.splice(at, 1)[0]?.resolve(event);
    else this.#events.push(event);
  }

  #untold(name: string, { code, signal }: Ended): Error {
    return new Error(
      `the program ended (${signal ?? `code ${code}`}) without telling "${name}". It said: ${this.#stderr}`,
    );
  }
}
