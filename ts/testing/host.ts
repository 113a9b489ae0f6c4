// A host beside the law, with a tree of actors below it, and how to see what is left of both.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Shape } from "./actors/tree.js";
import type { LawEnv } from "./law.js";
import { Marked } from "./marked.js";
import { Program, type ProgramOptions } from "./program.js";
import type { TreeConfig } from "./programs/tree.js";

/** From a host's death to the last orphan's, in ms (the kernel takes about 10). */
export const GONE = 1_000;

let count = 0;

export class TreeHost {
  readonly marked = new Marked();
  readonly program: Program;
  readonly #temporary: string;

  /** @param settings three levels with a `sleep` each, unless it says otherwise; `loops`: all of them busy */
  constructor(
    env: Pick<LawEnv, "method" | "directory" | "defer" | "options">,
    settings: Partial<TreeConfig> & { readonly loops?: boolean } = {},
    options: ProgramOptions = {},
  ) {
    const { loops = false, ...rest } = settings;
    this.#temporary = join(env.directory, `tmp-${++count}`);
    mkdirSync(this.#temporary);
    const shape: Shape = { method: env.method, depth: 3, via: "setup", sleepers: true, options: env.options("") };
    const config: TreeConfig = { ...shape, ...rest, ...(loops ? { busy: join(env.directory, `loops-${count}`) } : {}) };
    this.program = new Program("tree", config, {
      ...options,
      env: { ...this.marked.env, TMPDIR: this.#temporary, XDG_RUNTIME_DIR: this.#temporary, ...options.env },
    });
    env.defer(() => this.marked.endAll());
  }

  /** Resolves when its whole tree is there, each actor with its `sleep`; with the actors' pids, the topmost first. */
  async ready(): Promise<number[]> {
    const { pids } = await this.program.event<{ pids: number[] }>("ready");
    assert.ok(this.marked.living().length >= pids.length * 2 + 1);
    return pids;
  }

  /** Nothing is left: no process, no zombie, no file. @returns how long it took, in ms */
  async gone(ms = GONE): Promise<number> {
    const took = await this.marked.gone(ms);
    assert.deepEqual(readdirSync(this.#temporary), []);
    assert.deepEqual(
      readdirSync("/dev/shm").filter((name) => name.includes("brood")),
      [],
    );
    return took;
  }
}
