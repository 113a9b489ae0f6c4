// The public shapes of pools.
import type {
  ArgsOf,
  CallKeys,
  CallOptions,
  Nursery,
  OptionsOf,
  Portal,
  ResultOf,
  SourceKind,
} from "../context/surface.js";

/** What a pool decides by itself. */
type Decided = "onDeath" | "onDeaf" | "signal";
type Without<O, Keys extends PropertyKey> = O extends unknown ? Omit<O, Keys> : never;

/** Options of a pool: those of a start under the spawn method of its actors, and its own. */
export type PoolOptions<K extends SourceKind = "actor"> = Without<OptionsOf[K], Decided> & OwnPoolOptions;

/** Those of the pool itself. */
export interface OwnPoolOptions {
  /** Names the pool; its actors are `name-1`, `name-2` and so on. Default `pool`. */
  name?: string | undefined;
  /** The nursery that it hangs on, and ends with. Default: none; it is a scope of its own, to be closed. */
  nursery?: Nursery | undefined;
  /** Most actors that serve at a time. Default: `os.availableParallelism()`. */
  size?: number | undefined;
  /** Actors that are started at once, and kept where there is nothing to do. Default 1, so that the first call need not wait for a start. */
  minSize?: number | undefined;
  /** How long an actor beyond `minSize` may be idle, in ms, or `Infinity`. Default 30,000. */
  idleTimeout?: number | undefined;
  /** Calls that may wait, or `Infinity`; one more is refused with `PoolFull`. Default 10,000. */
  maxQueue?: number | undefined;
  /** After so many calls an actor is replaced. Default `Infinity`. */
  maxCallsPerActor?: number | undefined;
  /** Calls that one actor runs at a time. Default 1. */
  concurrency?: number | undefined;
}

/** Times in ms, of all that have come so far; 0 where there were none. */
export interface PoolTimes {
  readonly mean: number;
  /** Half of them, and 99 of 100, took no longer; right to 4 %. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What is known of a pool in figures. */
export interface PoolStats {
  /** Most actors that serve at a time. */
  readonly size: number;
  /** Actors that are ready, those that run a call, and those that run none. */
  readonly actors: number;
  readonly busy: number;
  readonly idle: number;
  /** Actors that are not ready yet. */
  readonly starting: number;
  /** Calls that wait, and calls that run. */
  readonly queued: number;
  readonly running: number;
  /** Calls since the pool was made, without those refused. */
  readonly calls: number;
  /** Of these, those that rejected, whatever with; counted when their actor is done with them. */
  readonly failed: number;
  /** Calls refused with `PoolFull`. */
  readonly refused: number;
  /** Actors that died, were killed because they were deaf, or had served their `maxCallsPerActor`. */
  readonly replaced: number;
  /** Of these, all but those that had served. */
  readonly died: number;
  /** Actors that became ready since the pool was made. */
  readonly started: number;
  /** Starts that failed. */
  readonly failedStarts: number;
  /** Time that calls have run, of all the time that `size` actors with `concurrency` could have run calls: 0 to 1. */
  readonly utilisation: number;
  /** From the call until an actor had it. */
  readonly waitTime: PoolTimes;
  /** From there until the actor was done with it. */
  readonly runTime: PoolTimes;
  /** From when an actor was asked for until it was ready. */
  readonly startTime: PoolTimes;
}

/** Calls of a pool, with bounds or without. */
export interface PoolCalls<E> {
  /**
   * Runs one endpoint in the first actor that is free, and resolves with what it returns. A call whose actor dies is never sent
   * again, since it may have had effects.
   * @throws what `portal.call` throws, and PoolFull; StartFailed no actor could be started; PoolClosed
   */
  call<K extends CallKeys<E>>(endpoint: K, ...args: ArgsOf<E[K]>): Promise<ResultOf<E[K]>>;
  /** The same, with a deadline (which waiting counts towards) or a signal for every call made through it. */
  with(options: CallOptions): PoolCalls<E>;
}

/** Equal actors behind one queue. */
export interface Pool<E> extends PoolCalls<E>, AsyncDisposable {
  readonly name: string;
  /** `open`, then `ending` (cancelled, failed or closing), then `ended`. */
  readonly status: "open" | "ending" | "ended";
  /** Aborts when the pool, or the nursery that it hangs on, fails or is cancelled. */
  readonly signal: AbortSignal;
  readonly stats: PoolStats;
  /** Its living actors. What is called through them goes past the queue. */
  readonly children: readonly Portal<E>[];
  /** Resolves when `minSize` actors are ready. @throws StartFailed, PoolClosed */
  ready(): Promise<void>;
  /** Ends every actor and waits until they are gone; what waits is rejected with `Cancelled`. */
  cancel(reason?: unknown): Promise<void>;
  /** The same for the end of its scope; idempotent. @throws what failed in the end of an actor, where it hangs on no nursery */
  close(): Promise<void>;
}
