// Who does which work, and within which limits. Two kinds of actor meet what a stranger wrote, and may do nothing but compute: marked, which
// is JavaScript and runs in an interpreter, and a counter of words, which is not and runs at full speed. Both are asked for the
// same: a README in, what it comes to out. The TypeScript compiler reads files, and needs a process.
import { actor, component, type Nursery, type Portal, type EndpointsOf } from "brood";
import { Crew } from "./crew.js";

const renderer = actor<typeof import("./renderer.js")>(new URL("./renderer.js", import.meta.url));
const describer = actor<typeof import("./describer.js")>(new URL("./describer.js", import.meta.url));
// This module runs in build/examples/docsite; what is not compiled is read where it was written.
const counter = component<Counter>(new URL("../../../examples/docsite/renderers/words.wasm", import.meta.url));

/** The exports of renderers/words.wat. */
export interface Counter {
  /** Words, headings, code blocks. */
  "brood:docsite/renderer#count"(markdown: string): [number, number, number];
  /** The same as a paragraph of HTML. */
  "brood:docsite/renderer#render"(markdown: string): string;
}
export type Renderer = EndpointsOf<typeof import("./renderer.js")>;
export type Describer = EndpointsOf<typeof import("./describer.js")>;

export interface Teams {
  readonly renderers: Crew<Renderer>;
  readonly counters: Crew<Counter>;
  readonly describers: Crew<Describer>;
}

// A busy machine may take its time, with the first compiling of a component above all: there is no haste that would be worth the run.
const PATIENCE = 60_000;

/** CPU time in ms that a README of so many bytes may take. The slowest takes half of it on a busy machine. */
export const cpuFor = (bytes: number): number => Math.ceil(1000 + (60 * bytes) / 1024);

/** Its start costs less than the page, so every page has its own: none can know or spoil what another was made of. */
export function startRenderer(nursery: Nursery, n: number, bytes: number): Promise<Portal<Renderer>> {
  return nursery.start(renderer, {
    name: `renderer-${n}`,
    spawn: "wasm",
    limits: { memory: "64MiB", cpu: cpuFor(bytes) },
    startTimeout: PATIENCE,
  });
}

export function startCounter(nursery: Nursery, n: number): Promise<Portal<Counter>> {
  return nursery.start(counter, {
    name: `counter-${n}`,
    limits: { memory: "16MiB", cpu: 100 },
    startTimeout: PATIENCE,
  });
}

/**
 * Forked from a template that has loaded it and the compiler, where that can be done; else a fresh process, which loads both.
 * @param spawn one of the two, where it matters which
 */
export function startDescriber(nursery: Nursery, n: number, spawn?: "forkserver" | "exec"): Promise<Portal<Describer>> {
  return nursery.start(describer, {
    name: `describer-${n}`,
    spawn,
    preload: true,
    execArgv: ["--max-old-space-size=512"],
    startTimeout: PATIENCE,
    // What an actor says on its way out belongs on the page, where its error brings it, and not between progress lines.
    stdio: "ignore",
  });
}

/** The largest package takes the compiler a second. Who stays far within a deadline is not hurried by it on a busy machine. */
export async function assembleTeams(nursery: Nursery): Promise<Teams> {
  const deadline = 60_000;
  const [renderers, counters, describers] = await Promise.all([
    Crew.assemble({ size: 2, pages: "one", deadline, start: (n, bytes) => startRenderer(nursery, n, bytes) }),
    Crew.assemble({ size: 1, pages: "many", deadline, start: (n) => startCounter(nursery, n) }),
    Crew.assemble({ size: 2, pages: "many", deadline, start: (n) => startDescriber(nursery, n) }),
  ]);
  return { renderers, counters, describers };
}
