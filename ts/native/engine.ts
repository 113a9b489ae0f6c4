// What the addon brood-engine.node offers: components inside this process, on wasmtime. Its functions never wait, but for
// `compileToCache`; what comes of them is drained as events. Everything in it is of the environment that loaded it: its actors
// end with that environment.

/** What one actor may use. */
export interface EngineLimits {
  /** Bytes, summed over all memories and tables of the actor. */
  readonly memory: number;
  /** ms of CPU per call, and per wake-up outside of calls; 0: none. */
  readonly cpu: number;
  /** ms of CPU over the actor's life; 0: none. */
  readonly cpuTotal: number;
  /** ms of life; 0: none. */
  readonly wall: number;
  /** Bytes of stdout and stderr that are passed on; the rest is dropped and counted. */
  readonly output: number;
}

/** What was loaded. */
export interface ComponentInfo {
  /** Whether it exports the `run` of brood:actor, or anything else. */
  readonly kind: "actor" | "component";
  /** Exports by full name: `add`, `acme:md/api@0.1.0#render`. */
  readonly exports: Readonly<Record<string, FunctionType>>;
  readonly imports: readonly string[];
}

export interface FunctionType {
  readonly params: readonly { readonly name: string; readonly type: WitType }[];
  /** null: it returns nothing. */
  readonly result: WitType | null;
  readonly async: boolean;
  /** Why it cannot be called. */
  readonly unsupported?: string;
}

/** A type of WIT: a name as `string`, `bool`, `char`, `u8` to `s64`, `f32`, `f64`, or what it is made of. */
export type WitType =
  | string
  | { readonly list: WitType }
  | { readonly option: WitType }
  | { readonly result: { readonly ok: WitType | null; readonly err: WitType | null } }
  | { readonly tuple: readonly WitType[] }
  | { readonly other: string };

/** A native failure. Texts are cut and free of control characters. */
export interface EngineFailure {
  readonly code: EngineCode;
  /** At most 4 KiB. */
  readonly message: string;
  /** The guest's stack, for people. */
  readonly frames?: string;
}

export type EngineCode =
  // How an actor ended.
  | "returned"
  | "killed"
  | "cpu"
  | "cpu-total"
  | "memory"
  | "wall"
  | "stack"
  | "trap"
  | "breach"
  | "fuel"
  | "handles"
  | "internal"
  // Why it did not start or load.
  | "full"
  | "instantiate"
  | "io"
  | "core-module"
  | "malformed"
  | "refused"
  | "compile"
  | "compile-time"
  | "compile-memory"
  | "import"
  | "world"
  | "not-cached"
  // Why a call was not made.
  | "argument"
  | "unsupported"
  | "unknown-export";

/** The addon. */
export interface EngineAddon {
  version(): string;
  /** wasmtime's version. */
  wasmtime(): string;
  /** Once, before the first load; throws later if it differs. `threads` and `maxActors` are at least 1; no `cacheDir`: no cache. */
  configure(threads: number, maxActors: number, cacheDir: string | null): void;
  /** One callback for each environment, called when there is something to drain. It never keeps the event loop alive. */
  onWake(callback: () => void): void;
  /**
   * What has happened, as flat quadruples of kind (an {@link EngineEvent}), subject, number and value. Bounded per call; where
   * more is left, the callback is called again.
   */
  drain(): unknown[];
  /**
   * Answered by Loaded or LoadFailed with `request` as subject. Exactly one of `file` and `bytes`. An isolated load compiles
   * nothing: what is not in the cache fails with "not-cached".
   */
  load(request: number, file: string | null, bytes: Uint8Array | null, isolated: boolean): void;
  unload(component: number): void;
  /** Answered by Started or Ended. `first`: frames that stand in the inbox before anything else, for a JavaScript actor. */
  start(actor: number, component: number, limits: EngineLimits, startTimeout: number, first: Uint8Array | null): void;
  /**
   * Frames to a JavaScript actor; they are copied.
   * @returns bytes that wait in its inbox now. A Drained event follows when that was above 128 KiB and has come down to 64 KiB
   */
  send(actor: number, frames: Uint8Array): number;
  /**
   * Calls an export of a component; answered by Result, Failed or Ended.
   * @throws an Error with the `code` "argument", "unsupported" or "unknown-export"; nothing has happened then
   */
  call(actor: number, call: number, name: string, args: readonly unknown[]): void;
  /** True: the call had not begun, and never will. */
  withdraw(actor: number, call: number): boolean;
  /** Asks it to end: a component finishes the call that runs and drops those that wait; a JavaScript actor's inbox ends. Ended follows. */
  stop(actor: number): void;
  kill(actor: number): void;
  /** For the child of an isolated compile: compiles in this process and writes the cache. Waits. @throws an Error with a `code` */
  compileToCache(bytes: Uint8Array): void;
  /** Limits this process's address space (RLIMIT_AS) to what it has now and `extraBytes` more. */
  limitAddressSpace(extraBytes: number): void;
  /** In a process that was forked in the middle of its work, before all else: what its parent had here is left alone. */
  forgetInherited(): void;
  /** Of this environment. */
  stats(): { readonly actors: number; readonly components: number };
}

/** Kinds of events; in brackets what stands as subject, number and value. */
export const EngineEvent = {
  /** (request, component, ComponentInfo) */
  Loaded: 0,
  /** (request, 0, EngineFailure) */
  LoadFailed: 1,
  /** (actor, 0, undefined) */
  Started: 2,
  /** (actor, 0, Uint8Array of whole frames) */
  Bytes: 3,
  /** (actor, bytes that wait, undefined) */
  Drained: 4,
  /** (actor, call, value) */
  Result: 5,
  /** (actor, call, value): the error that a `result` carries */
  Failed: 6,
  /** (actor, ms of CPU used, EngineFailure): nothing more comes of this actor, and its open calls are answered by this */
  Ended: 7,
  /** (actor, 1 for stdout or 2 for stderr, one line of text) */
  Output: 8,
  /** (actor, level, text) */
  Log: 9,
  /** (actor, call, EngineFailure): a call that was not made after all; the actor lives on */
  Refused: 10,
} as const;
