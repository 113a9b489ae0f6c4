// The public shapes that both sides of a portal name: endpoints, contexts, portals, nurseries. Types only, so that an actor's
// task can speak of a nursery without the actor side ever importing the host.
import type { ActorId } from "../errors/identity.js";
import type { Exit } from "../errors/exit.js";
import type { Stream } from "../stream/surface.js";

/** A type-only schema: says what a value is to the compiler, and checks nothing at run time. */
export interface Type<T> {
  readonly "~type"?: T;
}

/** A schema of any library that keeps to Standard Schema (https://standardschema.dev), version 1: zod, valibot, arktype and others. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => unknown;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a value is: to the compiler only, or checked, in the actor and nowhere else. */
export type Schema = Type<any> | StandardSchema<any, any>;

type IsAny<T> = 0 extends 1 & T ? true : false;

/** What is given to a schema. */
export type InputOf<S> =
  IsAny<S> extends true
    ? any
    : S extends { readonly "~standard": { readonly types?: { readonly input: infer I } | undefined } }
      ? I
      : S extends Type<infer T>
        ? T
        : never;
/** What a schema makes of it. */
export type OutputOf<S> =
  IsAny<S> extends true
    ? any
    : S extends { readonly "~standard": { readonly types?: { readonly output: infer O } | undefined } }
      ? O
      : S extends Type<infer T>
        ? T
        : never;

/** What is given to each schema of a list. */
export type InputsOf<P> = { [I in keyof P]: InputOf<P[I]> };
/** What each schema of a list makes of it. */
export type OutputsOf<P> = { [I in keyof P]: OutputOf<P[I]> };

/** What travels in one context, seen from the actor. Without `started` there is no started value, and brood sends it by itself. */
export interface Dialogue {
  /** The first value to the opener. */
  readonly started?: Schema;
  /** Each message of the opener's. */
  readonly receives?: Schema;
  /** Each message to the opener. */
  readonly sends?: Schema;
}

/** The schemas of an endpoint's arguments and result. */
export interface Signature {
  readonly args: readonly Schema[];
  readonly result: Schema;
}

type StartedOf<D> = IsAny<D> extends true ? any : D extends { readonly started: infer S } ? S : Type<void>;
type PartOf<D, K extends keyof Dialogue> =
  IsAny<D> extends true ? any : D extends { readonly [P in K]: infer S } ? S : Type<never>;
/** Refuses keys that a dialogue does not have. */
export type Exact<D> = { readonly [K in Exclude<keyof D, keyof Dialogue>]: never };

/**
 * Spawn methods that work in this version: a Node process forked warm from a template, a fork of this very process, a fresh Node process,
 * or a WebAssembly instance inside this one.
 */
export type SpawnMethod = "forkserver" | "main_thread_forkserver" | "exec" | "wasm";

/** Log levels, from silent to everything. */
export type LogLevel = "silent" | "error" | "warn" | "info" | "debug";

/** What an actor knows of itself. */
export interface ActorInfo {
  readonly id: ActorId;
  /** The actor or process that started it. */
  readonly parent: ActorId;
  /** The process at the top of the tree. */
  readonly root: ActorId;
  /** Its place in the tree, as `/parent/child`. */
  readonly path: string;
  /** The method that truly made it. */
  readonly spawnMethod: SpawnMethod;
  readonly logLevel: LogLevel;
}

/** A running call or context, seen from the actor. */
export interface Task {
  /** Aborts when the call, context or actor is cancelled; its `reason` is a `Cancelled` with canceller and reason. */
  readonly signal: AbortSignal;
  /** Time left until the caller's deadline in ms, never below 0; undefined without a deadline. */
  remaining(): number | undefined;
  /** Who called. */
  readonly caller: ActorId;
  readonly actor: ActorInfo;
  /** Writes a line to the host's log, at level info. */
  log(...values: unknown[]): void;
  /** Runs `cleanup` when the task ends, however it ends; last deferred first. All of it has `cancelTimeout` ms. */
  defer(cleanup: () => unknown): void;
  /** A nursery that ends with the task and is cancelled with it, for the same reason. */
  openNursery(options?: NurseryOptions): Promise<Nursery>;
  /**
   * What the host had offered under `key` when this actor was forked of it, not copied: see `offer`.
   * @throws Unsupported the actor was not started with `main_thread_forkserver`; InvalidOption nothing was offered under `key`
   */
  inherited<T = unknown>(key: string): T;
}

/** The task of a context. */
export interface ContextTask<D extends Dialogue> extends Task {
  /** Sends the first value; the opener's `open` resolves with it. Exactly once. */
  started(value: InputOf<StartedOf<D>>): Promise<void>;
  /**
   * Messages to and from the opener. Where the dialogue declares `started`, that goes first; elsewhere the first use of the stream
   * sends it.
   */
  readonly stream: Stream<InputOf<PartOf<D, "sends">>, OutputOf<PartOf<D, "receives">>>;
}

declare const ENDPOINT: unique symbol;
declare const CONTEXT: unique symbol;

/** What `endpoint()` returns. */
export interface TaskEndpoint<A extends unknown[], R> {
  readonly [ENDPOINT]: [A, R];
}
/** What `context()` returns. */
export interface ContextEndpoint<D extends Dialogue, A extends unknown[], R> {
  readonly [CONTEXT]: [D, A, R];
}

/** The endpoints of an actor by name. */
export type Endpoints = {
  [name: string]: ((...args: any[]) => unknown) | TaskEndpoint<any, any> | ContextEndpoint<any, any, any>;
};

/** What `defineActor` returns, and an actor module exports as default. */
export interface ActorDefinition<E> {
  readonly endpoints: E;
}

/** The endpoints of an actor module, given its type. */
export type EndpointsOf<M> = M extends { default: ActorDefinition<infer E> }
  ? E
  : M extends { default: { default: ActorDefinition<infer E> } }
    ? E
    : never;

/** Endpoints of a module whose type is not known: called or opened, with anything. */
export type Loose = { [name: string]: any };

/** Exports of a component, or endpoints of a text, whose type is not known: called with anything. */
export type LooseCalls = { [name: string]: (...args: any[]) => any };

/** A module of an actor, a WebAssembly component, or the text of an actor. */
export type SourceKind = "actor" | "component" | "source";

/** Something that `start` can start: what `actor()`, `component()` and `source()` return. */
export interface ActorSource<E, K extends SourceKind = SourceKind> {
  readonly kind: K;
  /** Type only. */
  readonly endpoints?: E;
}

/** How a component is compiled, the first time. */
export interface ComponentOptions {
  /**
   * `in-process`: on the engine's own threads, the default for files. `isolated`: in a child process with at most 1 GiB of
   * memory and 30 s of time, the default for bytes: those that somebody has uploaded may be made to exhaust a compiler.
   */
  compile?: "isolated" | "in-process" | undefined;
}

type GeneratorEndpoint =
  | ((...args: any[]) => AsyncGenerator<any, any, any>)
  | TaskEndpoint<any, AsyncGenerator<any, any, any>>;
// Of an endpoint whose type is not known everything is `any`.
export type ResultOf<F> =
  IsAny<F> extends true
    ? any
    : F extends TaskEndpoint<any, infer R>
      ? Awaited<R>
      : F extends (...args: any[]) => infer R
        ? Awaited<R>
        : F extends ContextEndpoint<any, any, infer R>
          ? Awaited<R>
          : never;
export type ArgsOf<F> =
  IsAny<F> extends true
    ? any[]
    : F extends TaskEndpoint<infer A, any>
      ? A
      : F extends (...args: infer A) => unknown
        ? A
        : F extends ContextEndpoint<any, infer A, any>
          ? A
          : never;
type LooseDialogue = { readonly started: Type<any>; readonly receives: Type<any>; readonly sends: Type<any> };
type DialogueOf<F> =
  IsAny<F> extends true
    ? LooseDialogue
    : F extends ContextEndpoint<infer D, any, any>
      ? D
      : ResultOf<F> extends AsyncGenerator<infer Y, any, any>
        ? { readonly sends: Type<Y> }
        : never;
/** What the result of an opened endpoint is. */
type OpenResultOf<F> =
  IsAny<F> extends true
    ? any
    : F extends ContextEndpoint<any, any, infer R>
      ? Awaited<R>
      : ResultOf<F> extends AsyncGenerator<any, infer R, any>
        ? R
        : never;

/** Names of endpoints that are called. */
export type CallKeys<E> = {
  [K in keyof E]: IsAny<E[K]> extends true
    ? K
    : E[K] extends TaskEndpoint<any, any> | ((...args: any[]) => unknown)
      ? IsAny<ResultOf<E[K]>> extends true
        ? K
        : [ResultOf<E[K]>] extends [never]
          ? K
          : E[K] extends GeneratorEndpoint
            ? never
            : K
      : never;
}[keyof E] &
  string;

/** Names of endpoints that are opened. */
export type OpenKeys<E> = {
  [K in keyof E]: IsAny<E[K]> extends true
    ? K
    : E[K] extends ContextEndpoint<any, any, any>
      ? K
      : IsAny<ResultOf<E[K]>> extends true
        ? never
        : [ResultOf<E[K]>] extends [never]
          ? never
          : E[K] extends GeneratorEndpoint
            ? K
            : never;
}[keyof E] &
  string;

/**
 * The opener's half of one pair of linked tasks. Disposing it cancels unless the result has settled, and throws what the peer
 * threw if neither `result()` was asked for nor the signal's reason read.
 */
export interface Context<D extends Dialogue, R> extends AsyncDisposable {
  /** The first value that the peer sent. */
  readonly startedValue: OutputOf<StartedOf<D>>;
  /** Messages to and from the peer. Leaving a loop over the stream of an async generator ends that: its `finally` has run then. */
  readonly stream: Stream<InputOf<PartOf<D, "receives">>, OutputOf<PartOf<D, "sends">>>;
  /** What the peer returned; rejects with what it threw, or with `Cancelled`. */
  result(): Promise<R>;
  /**
   * Asks the peer task to end, and waits for it.
   * @returns whether the peer acknowledged within `cancelTimeout`
   */
  cancel(reason?: unknown): Promise<boolean>;
  /** Aborts when the context ends other than by returning; its `reason` is the error that `result()` rejects with. */
  readonly signal: AbortSignal;
  /** Whether this end asked for a cancel. */
  readonly cancelRequested: boolean;
  /** Whether the peer acknowledged it. */
  readonly cancelAcknowledged: boolean;
  /** Whether the outcome was that cancel, and is therefore not raised at the end of the scope. */
  readonly absorbed: boolean;
}

/** Where an actor stands; only ever moves forward. */
export type ActorStatus = "starting" | "running" | "ending" | "ended";

/** Options of calls made through `portal.with(...)`. */
export interface CallOptions {
  /** Wall time of the call in ms, queueing included; at least 1. Default: none. */
  deadline?: number | undefined;
  /** Cancels the call when it aborts. */
  signal?: AbortSignal | undefined;
}

/** What is known of an actor in figures. */
export interface ActorStats {
  /** From `start` to ready, in ms. */
  readonly startTime: number;
  /** Calls and contexts running now. */
  readonly open: number;
  /** Calls and contexts since the start. */
  readonly calls: number;
  /** How long this process stood still to fork the actor of itself, in ms; only with `main_thread_forkserver`. */
  readonly pause?: number | undefined;
}

/** The handle on an actor. */
export interface Portal<E> extends AsyncDisposable {
  readonly id: ActorId;
  /** Its place in the tree, as `/parent/child`. */
  readonly path: string;
  readonly spawnMethod: SpawnMethod;
  /** Why it runs under this method, in words: asked for, the default, or what stood against the default. */
  readonly spawnReason: string;
  readonly status: ActorStatus;
  readonly stats: ActorStats;
  /** How it ended, once it has; never rejects. */
  readonly exited: Promise<Exit>;
  /**
   * Runs one endpoint and resolves with what it returns.
   * @throws RemoteActorError what the endpoint threw; ActorDied; Cancelled; DeadlineExceeded; UnknownEndpoint;
   *   InvalidMessage an argument cannot be sent (the text names its path)
   */
  call<K extends CallKeys<E>>(endpoint: K, ...args: ArgsOf<E[K]>): Promise<ResultOf<E[K]>>;
  /** Starts the peer task and resolves when it has called `started`. Throws as `call` does. */
  open<K extends OpenKeys<E>>(
    endpoint: K,
    ...args: ArgsOf<E[K]>
  ): Promise<Context<DialogueOf<E[K]>, OpenResultOf<E[K]>>>;
  /** Opens a context around `body`: waits for the peer's result when it returns, cancels the peer when it throws. */
  withContext<K extends OpenKeys<E>, T>(
    endpoint: K,
    args: ArgsOf<E[K]>,
    body: (context: Context<DialogueOf<E[K]>, OpenResultOf<E[K]>>) => Promise<T>,
  ): Promise<T>;
  /** The same portal, with a deadline or a signal for everything called or opened through it. */
  with(options: CallOptions): Portal<E>;
  /**
   * Asks the actor to end, and waits until it is gone.
   * @returns whether it acknowledged; an actor that is already gone counts as done
   */
  cancel(reason?: unknown): Promise<boolean>;
  /** Ends it at once, and waits until it is gone. */
  kill(): Promise<Exit>;
  /** `cancel()` and wait; idempotent. */
  close(): Promise<void>;
}

/** One line of an actor's standard output or error. */
export interface OutputLine {
  readonly actor: ActorId;
  readonly stream: "stdout" | "stderr";
  /** Without its newline; cut at 16 KiB. */
  readonly text: string;
}

/** Where an actor's output goes: to the host's, by line and with its name; nowhere; or to a function. */
export type StdioOption = "forward" | "ignore" | ((line: OutputLine) => void);

/** Options of every spawn method. */
export interface CommonOptions {
  /** How long it may take until ready, in ms. Default 10,000. */
  startTimeout?: number | undefined;
  /** From Cancel sent to acknowledged, in ms. Default 500. */
  cancelTimeout?: number | undefined;
  /** What an unasked death does: `fail` (default) fails the nursery, `report` spares it. */
  onDeath?: "fail" | "report" | undefined;
  /** What silence past `cancelTimeout` does to the actor: `kill` (default) or `report`. */
  onDeaf?: "kill" | "report" | undefined;
  /** Aborts the start. Has no effect once the actor is ready. */
  signal?: AbortSignal | undefined;
  /** Where its lines of output go. Default `forward`. */
  stdio?: StdioOption | undefined;
}

/** Options of actors that have a Node process. */
export interface ProcessOptions extends CommonOptions {
  /** Default: `forkserver` where it can run, else `exec`. */
  spawn?: "forkserver" | "main_thread_forkserver" | "exec" | undefined;
  /** From SIGTERM to SIGKILL, in ms. Default 1,600. */
  killTimeout?: number | undefined;
  /**
   * What the template has loaded before it forks the actor: `true` for the actor's own module, or a list of modules: absolute
   * paths, `file:` URLs as texts, and names of packages, which are looked up from the actor's module. Default: nothing but brood.
   * Under `exec` they are loaded before the actor's module. What a preloaded module leaves running (a timer, a server, a thread)
   * is refused: StartFailed where `forkserver` was asked for, else the actor is a fresh process.
   */
  preload?: boolean | readonly string[] | undefined;
  /** Whether the actor loads the program's main module: by default only if it is defined there. */
  inheritMain?: boolean | undefined;
  /** Environment, added to PATH, HOME, LANG and TZ of this process. NODE_OPTIONS is refused. */
  env?: { readonly [name: string]: string | undefined } | undefined;
  /** Working directory, an absolute path. Default: this process's. */
  cwd?: string | undefined;
  /** Flags for Node, as `--max-old-space-size=128`. `--import`, `--require`, `--loader` and `--conditions` of this process are inherited. */
  execArgv?: readonly string[] | undefined;
  limits?: undefined;
  grants?: undefined;
  imports?: undefined;
}

/** What a wasm actor may use. What it uses beyond is its end, with the limit in the error. */
export interface Limits {
  /** All its memories and tables together: bytes, or a text as `"64MiB"` (B, KiB, MiB, GiB). Default 64 MiB, at most 4 GiB. */
  memory?: number | string | undefined;
  /** CPU time of one call, and of what it does by itself between two calls; ms. Default: none. */
  cpu?: number | undefined;
  /** CPU time of its whole life, in ms. Default: none. */
  cpuTotal?: number | undefined;
  /** How long it may live, in ms. Default: none. */
  wall?: number | undefined;
  /** Bytes of its standard output and error that are passed on, or a text as for `memory`. The rest is dropped. Default 1 MiB. */
  output?: number | string | undefined;
}

/** Capabilities of a wasm actor. This version has one. */
export interface Grants {
  /**
   * Spawn methods with which it may start actors of its own, in nurseries of its tasks. They are hosted by this process, and end with it. An
   * actor with a process has all the rights of this one, so `["wasm"]` alone keeps an untrusted actor in its box.
   */
  actors?: readonly SpawnMethod[] | undefined;
}

/** Options of actors that are WebAssembly instances inside this process. */
export interface WasmOptions extends CommonOptions {
  spawn?: "wasm" | undefined;
  limits?: Limits | undefined;
  /** What it may do beyond computing and answering. Default: nothing. */
  grants?: Grants | undefined;
  /** Functions of the host. This version has none: anything but `{}` is refused. */
  imports?: object | undefined;
  killTimeout?: undefined;
  preload?: undefined;
  inheritMain?: undefined;
  env?: undefined;
  cwd?: undefined;
  execArgv?: undefined;
}

/** The options for each kind of source: components and texts run in wasm, an actor's module where `spawn` says. */
export interface OptionsOf {
  actor: ProcessOptions | (WasmOptions & { spawn: "wasm" });
  component: WasmOptions;
  source: WasmOptions;
}

/** Options of `start`. */
export type StartOptions<K extends SourceKind = "actor"> = OptionsOf[K] & {
  /** Names the actor in errors, paths and logs; 1 to 200 characters without `/` or control characters. Need not be unique. */
  name: string;
};

/** Options of `run`: those of `start`, and of its one call. `name` defaults to the endpoint. */
export type RunOptions<K extends SourceKind = "actor"> = WithoutOnDeath<OptionsOf[K]> & {
  name?: string | undefined;
  /** Wall time of the call in ms, counted from the moment the actor is ready. Default: none. */
  deadline?: number | undefined;
};

/** A one-shot's death is its caller's. */
type WithoutOnDeath<O> = O extends CommonOptions ? Omit<O, "onDeath"> : never;

/** Options of a nursery: defaults for its actors, and how it meets signals. */
export interface NurseryOptions {
  /** Names it in messages. Default `nursery`. */
  name?: string | undefined;
  startTimeout?: number | undefined;
  cancelTimeout?: number | undefined;
  killTimeout?: number | undefined;
  onDeath?: "fail" | "report" | undefined;
  onDeaf?: "kill" | "report" | undefined;
  /** Tears down on SIGINT, SIGTERM and SIGHUP even where the program has listeners of its own. Default false. */
  signals?: boolean | undefined;
}

/** The scope that owns actors: nothing in it outlives it. */
export interface Nursery extends AsyncDisposable {
  readonly name: string;
  /** `open`, then `ending` (cancelled, failed or closing), then `ended`. */
  readonly status: "open" | "ending" | "ended";
  /** Aborts when the nursery fails or is cancelled; its `reason` is the failure. */
  readonly signal: AbortSignal;
  /** Its living actors, in start order. */
  readonly children: readonly Portal<Loose>[];
  /**
   * Starts an actor and resolves when it is ready.
   * @throws StartFailed it died first, or was not ready within `startTimeout`; InvalidOption; NurseryClosed; Cancelled
   */
  start<E, S extends SourceKind>(what: ActorSource<E, S>, options: StartOptions<NoInfer<S>>): Promise<Portal<E>>;
  /** Starts an actor, calls one endpoint, ends the actor; settles when it is gone. */
  run<E, S extends SourceKind, K extends CallKeys<E>>(
    what: ActorSource<E, S>,
    endpoint: K,
    args: ArgsOf<E[K]>,
    options?: RunOptions<NoInfer<S>>,
  ): Promise<ResultOf<E[K]>>;
  /** Ends every actor and waits until they are gone. Later starts are refused. */
  cancel(reason?: unknown): Promise<void>;
  /** Waits until every actor has ended by itself. @throws the nursery's failure */
  join(): Promise<void>;
  /** `cancel()`, then throws the nursery's failure if it has one. Idempotent. */
  close(): Promise<void>;
}
