// Passes actors' lines on to this process's own standard output and error without ever blocking. Node writes to pipes
// synchronously on POSIX, so a reader that has gone deaf would stop the whole host, and with it every teardown. So: ask first
// whether the descriptor takes a page, write no more than that, keep a bounded rest, and say how many lines were dropped.
import { writeSync } from "node:fs";
import { whenInherited } from "../native/inherited.js";
import { loadForkserver } from "../native/load.js";

/** What poll promises of a pipe that is writable: PIPE_BUF, 4,096 bytes on Linux (pipe(7)). */
const AT_ONCE = 4096;
/** Kept per stream while its reader is deaf, in bytes. */
const KEPT = 1024 * 1024;
/** How long after the last byte went out this process is held for a slow reader, in ms; a deaf one is not waited for longer. */
const PATIENCE = 1_000;
/** How soon a deaf reader is asked again, in ms. */
const RETRY = 20;

class Relay {
  #queue: Buffer[] = [];
  #kept = 0;
  #dropped = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #broken = false;
  #progress = 0;

  constructor(readonly fd: number) {}

  line(text: string): void {
    if (this.#broken) return;
    const bytes = Buffer.from(`${text}\n`);
    if (this.#kept + bytes.length > KEPT) {
      this.#dropped++;
      return;
    }
    if (this.#queue.length === 0) this.#progress = performance.now();
    this.#queue.push(bytes);
    this.#kept += bytes.length;
    if (this.#timer === undefined) this.#drain();
  }

  #drain(): void {
    this.#timer = undefined;
    const native = loadForkserver();
    try {
      while (this.#queue.length > 0) {
        if (!native.writableNow(this.fd)) return this.#again();
        const head = this.#queue[0] as Buffer;
        const written = writeSync(this.fd, head, 0, Math.min(head.length, AT_ONCE));
        this.#kept -= written;
        this.#progress = performance.now();
        if (written < head.length) this.#queue[0] = head.subarray(written);
        else this.#queue.shift();
        if (this.#queue.length === 0 && this.#dropped > 0) {
          const note = Buffer.from(`[brood] ${this.#dropped} lines of actors were dropped: nobody read them\n`);
          this.#dropped = 0;
          this.#queue.push(note);
          this.#kept += note.length;
        }
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return this.#again();
      // Closed or broken: there is nobody to tell, and telling is all this is for.
      this.#broken = true;
      this.#queue = [];
      this.#kept = 0;
    }
  }

  #again(): void {
    this.#timer = setTimeout(() => this.#drain(), RETRY);
    if (performance.now() - this.#progress > PATIENCE) this.#timer.unref();
  }
}

const both = (): { readonly stdout: Relay; readonly stderr: Relay } => ({ stdout: new Relay(1), stderr: new Relay(2) });
let relays = both();
whenInherited(() => (relays = both()));

/** Writes one line to this process's standard output or error, soon, never blocking. */
export function relay(stream: "stdout" | "stderr", text: string): void {
  relays[stream].line(text);
}
