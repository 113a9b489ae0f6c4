// Writes to its standard output and error, by whatever name it was given.
import { writeSync } from "node:fs";
import { defineActor } from "../../actor/index.js";

export default defineActor({
  add: (a: number, b: number) => a + b,
  say: (line: string) => console.log(line),
  complain: (line: string) => console.error(line),
  /** `bytes` in one piece, without a newline. */
  pour: (bytes: number) => writeAll(1, Buffer.alloc(bytes, "x")),
  /** `count` lines. */
  pourLines: (count: number) =>
    writeAll(1, Buffer.from(Array.from({ length: count }, (_, i) => `line ${i} ${"y".repeat(100)}\n`).join(""))),
  end: () => writeAll(1, Buffer.from("\n")),
  raw: (text: string) => writeAll(1, Buffer.from(text)),
});

/** Synchronous, as console.log to a pipe is: an actor whose output nobody took would stand still here. */
function writeAll(fd: number, bytes: Buffer): number {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
  return bytes.length;
}
