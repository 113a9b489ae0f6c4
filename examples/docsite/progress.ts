// Shows how far the work is: on a terminal one line, redrawn and cleared at the end; elsewhere a plain line for every tenth.
import type { WriteStream } from "node:tty";
import { colours } from "./colours.js";

export interface Progress {
  /** One more is done. */
  step(label: string): void;
  /** Something worth a line of its own. */
  note(text: string): void;
  /** Clears the line; idempotent. */
  end(): void;
}

export function createProgress(stream: NodeJS.WriteStream, total: number): Progress {
  return stream.isTTY && process.env["TERM"] !== "dumb" ? new Bar(stream, total) : new Lines(stream, total);
}

class Lines implements Progress {
  #done = 0;
  #tenth = 0;

  constructor(
    readonly stream: NodeJS.WritableStream,
    readonly total: number,
  ) {}

  step(): void {
    this.#done += 1;
    const tenth = Math.floor((this.#done * 10) / this.total);
    if (tenth > this.#tenth) this.note(`${this.#done} of ${this.total} pages`);
    this.#tenth = tenth;
  }

  note(text: string): void {
    this.stream.write(`${text}\n`);
  }

  end(): void {}
}

/** ms between two drawings. */
const PACE = 50;
const CLEAR = "\r\u001b[K";

class Bar implements Progress {
  #done = 0;
  #drawn = -Infinity;
  #shown = false;

  constructor(
    readonly stream: WriteStream,
    readonly total: number,
  ) {
    this.#draw("");
  }

  step(label: string): void {
    this.#done += 1;
    if (performance.now() - this.#drawn >= PACE) this.#draw(label);
  }

  note(text: string): void {
    this.end();
    this.stream.write(`${text}\n`);
    this.#draw("");
  }

  end(): void {
    if (this.#shown) this.stream.write(CLEAR);
    this.#shown = false;
  }

  #draw(label: string): void {
    this.#drawn = performance.now();
    this.#shown = true;
    const { cyan, dim } = colours(this.stream);
    const [before, bar, after] = barLine(this.#done, this.total, label, this.stream.columns || 80);
    this.stream.write(`${CLEAR}${before}${cyan(bar)}${dim(after)}`);
  }
}

/** The line in three pieces (count, bar, label), together shorter than `columns` so that no terminal wraps it. */
export function barLine(done: number, total: number, label: string, columns: number): [string, string, string] {
  const room = Math.max(0, columns - 1);
  const count = `${String(done).padStart(String(total).length)}/${total} pages `.slice(0, room);
  const cells = Math.min(30, Math.max(0, room - count.length));
  const full = total === 0 ? cells : Math.floor((cells * done) / total);
  const bar = "█".repeat(full) + "░".repeat(cells - full);
  return [count, bar, ` ${label}`.slice(0, Math.max(0, room - count.length - cells))];
}
