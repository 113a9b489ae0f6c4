// What actors note for a law: lines of their logs, which come through their channels in order with everything else they send, and
// so tell what happened before a promise settled.
import type { OutputLine, Task } from "../context/surface.js";
import { builtin } from "./builtin.js";
import { until } from "./gate.js";

const MARK = "note: ";

/** Notes one word, inside an actor. */
export function note(task: Pick<Task, "log">, word: string): void {
  task.log(`${MARK}${word}`);
}

/** The law's side: `stdio: notes.hear` among the options of a start. */
export class Notes {
  /** In the order in which they came. */
  readonly words: string[] = [];

  /** @param file where they are written down too, a line each */
  constructor(readonly file?: string) {}

  readonly hear = ({ text }: OutputLine): void => {
    const at = text.indexOf(MARK);
    if (at === -1) return;
    const word = text.slice(at + MARK.length);
    this.words.push(word);
    if (this.file !== undefined) builtin("fs").appendFileSync(this.file, `${word}\n`);
  };

  /** Resolves when so many are there; with the newest. */
  async come(count = 1): Promise<string> {
    await until(`${count} notes`, () => this.words.length >= count);
    return this.words.at(-1) as string;
  }

  /** Forgets all. */
  clear(): void {
    this.words.length = 0;
  }
}
