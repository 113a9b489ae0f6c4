// Cuts a stream of bytes into lines for people: UTF-8 across chunks, no line longer than 16 KiB, whatever arrives.
import { StringDecoder } from "node:string_decoder";

/** A longer line is passed on in pieces of this many characters: nobody reads on, and memory stays bounded. */
export const MAX_LINE = 16 * 1024;

export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8");
  readonly #line: (text: string) => void;
  #rest = "";

  constructor(line: (text: string) => void) {
    this.#line = line;
  }

  push(chunk: Buffer): void {
    this.#text(this.#decoder.write(chunk));
  }

  /** The end: what stands there without a newline is a line too. */
  end(): void {
    this.#text(this.#decoder.end());
    if (this.#rest !== "") this.#line(this.#rest);
    this.#rest = "";
  }

  #text(text: string): void {
    let from = 0;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", from)) {
      const line = this.#rest + text.slice(from, at);
      this.#rest = "";
      this.#emit(line.endsWith("\r") ? line.slice(0, -1) : line);
      from = at + 1;
    }
    this.#rest += text.slice(from);
    while (this.#rest.length >= MAX_LINE) {
      this.#line(this.#rest.slice(0, MAX_LINE));
      this.#rest = this.#rest.slice(MAX_LINE);
    }
  }

  #emit(line: string): void {
    for (let at = 0; at === 0 || at < line.length; at += MAX_LINE) this.#line(line.slice(at, at + MAX_LINE));
  }
}

/** The last lines of a stream, for the error that tells of a death. */
export class Tail {
  /** Lines kept, and characters of each: what fits a screen. */
  static readonly LINES = 20;
  static readonly CHARACTERS = 1024;
  readonly #lines: string[] = [];

  push(line: string): void {
    this.#lines.push(line.slice(0, Tail.CHARACTERS));
    if (this.#lines.length > Tail.LINES) this.#lines.shift();
  }

  get lines(): readonly string[] {
    return this.#lines;
  }
}
