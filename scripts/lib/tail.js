// The end of an output of any length, and the whole of a short one.

/** Keeps the last `limit` characters of what is written to it. */
export class Tail {
  #text = "";
  #limit;

  constructor(limit = 256 * 1024) {
    this.#limit = limit;
  }

  write(chunk) {
    this.#text += chunk;
    if (this.#text.length > 2 * this.#limit) this.#text = this.#text.slice(-this.#limit);
    return this;
  }

  get text() {
    return this.#text;
  }

  /** Its last lines, for a report. */
  lines(count) {
    return this.#text.trimEnd().split("\n").slice(-count).join("\n");
  }
}
