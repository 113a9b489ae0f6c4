// Who does which work, and within which limits: one pool for each team. Two kinds of actor meet what a stranger wrote, and may do nothing
// but compute: marked, which is JavaScript and runs in an interpreter, and a counter of words, which is not and runs at full
// speed. Both are asked for the same: a README in, what it comes to out. The TypeScript compiler reads files, and needs a process.
import { actor, component, pool, type EndpointsOf, type Nursery, type Pool } from "brood";

export const renderer = actor<typeof import("./renderer.js")>(new URL("./renderer.js", import.meta.url));
export const describer = actor<typeof import("./describer.js")>(new URL("./describer.js", import.meta.url));
// This module runs in build/examples/docsite; what is not compiled is read where it was written.
export const counter = component<Counter>(new URL("../../../examples/docsite/renderers/words.wasm", import.meta.url));

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
  /** Of READMEs up to `SHORT`, and of the others. */
  readonly short: Pool<Renderer>;
  readonly long: Pool<Renderer>;
  readonly counters: Pool<Counter>;
  readonly describers: Pool<Describer>;
}

/** In bytes; most READMEs are shorter. */
export const SHORT = 8 * 1024;
/** A README that is longer than this gets no more time for it. */
const LONGEST = 256 * 1024;

// A busy machine may take its time, with the first compiling of a component above all: there is no haste that would be worth the run.
const PATIENCE = 60_000;

/**
 * CPU time in ms that a README of so many bytes may take: as much as the longest of its team. Of what is given to it by its own length
 * the slowest takes half on a busy machine.
 */
export const cpuFor = (bytes: number): number => 1000 + (60 * (bytes <= SHORT ? SHORT : LONGEST)) / 1024;

/** Options of one renderer's start. */
export const rendererOptions = (bytes: number) =>
  ({ spawn: "wasm", limits: { memory: "64MiB", cpu: cpuFor(bytes) }, startTimeout: PATIENCE }) as const;

/** Options of one counter's start. */
export const counterOptions = { limits: { memory: "16MiB", cpu: 100 }, startTimeout: PATIENCE } as const;

/** Options of one describer's start: forked from a template that has loaded it and the compiler, where that can be done. */
export const describerOptions = {
  preload: true,
  execArgv: ["--max-old-space-size=512"],
  startTimeout: PATIENCE,
  // What an actor says on its way out belongs on the page, where its error brings it, and not between progress lines.
  stdio: "ignore",
} as const;

/** Opens the pools, and resolves when those who are kept for page after page are ready. */
export async function openTeams(nursery: Nursery): Promise<Teams> {
  // The start of a renderer costs less than its page, so every page has its own, and none can know or spoil what another was made of.
  const alone = { nursery, size: 2, minSize: 0, maxCallsPerActor: 1 };
  const teams: Teams = {
    short: pool(renderer, { ...alone, ...rendererOptions(SHORT), name: "renderer" }),
    long: pool(renderer, { ...alone, ...rendererOptions(LONGEST), name: "long-renderer" }),
    counters: pool(counter, { ...counterOptions, nursery, name: "counter", size: 1 }),
    describers: pool(describer, { ...describerOptions, nursery, name: "describer", size: 2, minSize: 2 }),
  };
  await Promise.all([teams.counters.ready(), teams.describers.ready()]);
  return teams;
}
