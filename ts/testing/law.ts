// A law of the conformance suite: one sentence in the present tense, one body, run over every spawn method that it applies to.
// A law says what it needs; where a method lacks that, the law is listed with the reason instead of run.
import type { Limits, ProcessOptions, SpawnMethod } from "../context/surface.js";
import type { DumpOptions, TreeDump } from "../protocol/tree.js";
import type { Need } from "./needs.js";

/** What a law adds to the options of a start. */
export type LawMore = Omit<ProcessOptions, "spawn" | "limits"> & { limits?: Limits | undefined };

/** Options of a start. To the compiler those of a process: which method it is, is known only when the law is run. */
export type LawStart = ProcessOptions & { name: string };

/** How the suite looks at what runs: as the program whose brood it is. */
export interface Observer {
  /** `dumpTree` of brood. */
  dumpTree(options?: DumpOptions): Promise<TreeDump>;
  /** `formatTree` of brood. */
  formatTree(dump: TreeDump): string;
}

/** What a law needs to know of the method that it is run over. */
export interface LawEnv extends Observer {
  readonly method: SpawnMethod;
  /** Whether this method, run here, has it: for a law of which only a part needs it. */
  has(need: Need): boolean;
  /** Options of a start under this method. What only others honour is left out: `killTimeout` without a process, `limits` with one. */
  options(name: string, more?: LawMore): LawStart;
  /** Runs when the law has ended, however it ended; in reverse order. */
  defer(cleanUp: () => unknown): void;
  /** A directory of the law's own, removed when it has ended. */
  readonly directory: string;
}

export interface LawOptions {
  /** Wall time, in ms. Default 20,000. */
  readonly deadline?: number;
  /** What it needs to have a meaning. Default: nothing. */
  readonly needs?: readonly Need[];
}

export interface Law extends LawOptions {
  /** Section of the behavioural specification. */
  readonly section: number;
  /** Its sentence: the name of the law in every report. */
  readonly sentence: string;
  readonly run: (env: LawEnv) => Promise<void>;
}

/** A law that this version cannot be held to yet, and what brings it. */
export interface PendingLaw {
  readonly section: number;
  readonly sentence: string;
  readonly until: string;
}

/** Declares the laws of one section. */
export function section(number: number): {
  readonly laws: Law[];
  readonly pending: PendingLaw[];
  law(sentence: string, run: (env: LawEnv) => Promise<void>, options?: LawOptions): void;
  later(sentence: string, until: string): void;
} {
  const laws: Law[] = [];
  const pending: PendingLaw[] = [];
  return {
    laws,
    pending,
    law: (sentence, run, options = {}) => void laws.push({ section: number, sentence, run, ...options }),
    later: (sentence, until) => void pending.push({ section: number, sentence, until }),
  };
}
