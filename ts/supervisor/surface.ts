// The public shapes of supervisors. Types only.
import type {
  ActorSource,
  ActorStatus,
  CommonOptions,
  Loose,
  Nursery,
  OptionsOf,
  Portal,
  SourceKind,
} from "../context/surface.js";
import type { ActorId } from "../errors/identity.js";
import type { AutoShutdown } from "./exits.js";
import type { ChildStatus } from "./life.js";
import type { RestartType, Strategy } from "./strategy.js";

/** How the wait before a restart grows. The first restart of a child is made at once. */
export interface BackoffOptions {
  /** Before the second restart in a row, in ms; 0 for none. Default 100, or `max` where that is less. */
  initial?: number | undefined;
  /** By which each further wait is longer; at least 1. Default 2. */
  factor?: number | undefined;
  /**
   * The longest wait, in ms. Default `period / (2 * (intensity + 1))`, 625 ms by the other defaults: a child that always fails at
   * once still exceeds the intensity. With more it may be restarted for ever.
   */
  max?: number | undefined;
}

/** What all children have. */
interface ChildCommon<Id extends string> {
  /** Its name under this supervisor, where it is the only one of it. 1 to 200 characters without `/` or control characters. */
  readonly id: Id;
  /** Whether it is started again when it ends by itself: always (`permanent`, default), after an abnormal exit, never. */
  readonly restart?: RestartType | undefined;
  /** Whether its end for good may end the supervisor (`autoShutdown`). Not of a permanent child. Default false. */
  readonly significant?: boolean | undefined;
}

type WithoutOwned<O> = O extends CommonOptions ? Omit<O, "onDeath" | "signal"> : never;

/** Options of a child's start: those of `nursery.start`, but that the supervisor sees to deaths, and to the end of a start. */
export type ChildOptions<K extends SourceKind = "actor"> = WithoutOwned<OptionsOf[K]> & {
  /** Default: the id. */
  name?: string | undefined;
};

/** A child that is an actor. */
export interface ActorChild<
  Id extends string = string,
  E = any,
  K extends SourceKind = "actor",
> extends ChildCommon<Id> {
  readonly what: ActorSource<E, K>;
  readonly options?: ChildOptions<K> | undefined;
  /**
   * How it is stopped: by a cancel that it must acknowledge within so many ms (its `cancelTimeout`; default that of its options, of
   * the nursery, or 500), then by force; or killed at once.
   */
  readonly shutdown?: number | "kill" | undefined;
  readonly supervisor?: undefined;
}

/** A child that is a supervisor. */
export interface SupervisorChild<
  Id extends string = string,
  C extends readonly ChildSpec[] = readonly ChildSpec[],
> extends ChildCommon<Id> {
  readonly supervisor: ChildSupervisorOptions<C>;
  /** How it is stopped: as long as the bounds of its children allow (default); killed with all it has after so many ms, or at once. */
  readonly shutdown?: number | "kill" | "infinity" | undefined;
  readonly what?: undefined;
  readonly options?: undefined;
}

/** One child of a supervisor. */
export type ChildSpec =
  | ActorChild<string, any, "actor">
  | ActorChild<string, any, "component">
  | ActorChild<string, any, "source">
  | SupervisorChild<string, readonly any[]>;

/** Options of a supervisor that is a child. */
export interface ChildSupervisorOptions<C extends readonly ChildSpec[] = readonly ChildSpec[]> {
  /** Names it in messages and events. Default: the id, or `supervisor`. */
  readonly name?: string | undefined;
  /** What the failure of one child does to the others. Default `one_for_one`. */
  readonly strategy?: Strategy | undefined;
  /** How many restarts within `period` are allowed; one more, and it gives up. Default 3. */
  readonly intensity?: number | undefined;
  /** In ms. Default 5,000. */
  readonly period?: number | undefined;
  readonly backoff?: BackoffOptions | undefined;
  /** Whether it ends by itself once any or all of its significant children have ended for good. Default `never`. */
  readonly autoShutdown?: AutoShutdown | undefined;
  /** Started in this order, stopped in reverse. Default: none. */
  readonly children?: C | undefined;
}

/** Options of a supervisor. */
export interface SupervisorOptions<
  C extends readonly ChildSpec[] = readonly ChildSpec[],
> extends ChildSupervisorOptions<C> {
  /** What it is ended with, and what its failure fails; also one that `task.openNursery()` gave. Default: it is a scope of its own. */
  readonly nursery?: Nursery | undefined;
}

/** The handles of children by id. */
export type Handles = { [id: string]: any };

/** What there is for a child: a portal, or the supervisor that it is. */
export type HandleOf<S> = S extends { readonly what: ActorSource<infer E> }
  ? Portal<E>
  : S extends { readonly supervisor: ChildSupervisorOptions<infer C> }
    ? Supervisor<HandlesOf<C>>
    : never;

/** The handles of a list of children; of anything, where their ids are not known. */
export type HandlesOf<C extends readonly ChildSpec[]> = string extends C[number]["id"]
  ? Handles
  : { [S in C[number] as S["id"]]: HandleOf<S> };

// What is inferred from what was given has every key that was given: those that do not exist are refused by name, as `never`.
type KeysOf<U> = U extends unknown ? keyof U : never;
type Refused<U, K extends PropertyKey> = { readonly [N in K]?: unknown } & {
  readonly [N in Exclude<KeysOf<U>, K>]?: never;
};
type PartOf<U, K extends PropertyKey> = U extends { readonly [N in K]: infer P } ? P : never;

/** Refuses keys that a child does not have, at any depth. */
export type ExactChild<S> = Refused<S, KeysOf<ChildSpec>> & {
  readonly options?: Refused<PartOf<S, "options">, KeysOf<ChildOptions>> | undefined;
  readonly supervisor?:
    | (Refused<PartOf<S, "supervisor">, keyof ChildSupervisorOptions> & {
        readonly children?: ExactChildren<PartOf<PartOf<S, "supervisor">, "children">> | undefined;
      })
    | undefined;
};

/** The same for each of a list. */
export type ExactChildren<C> = readonly ExactChild<C extends readonly (infer S)[] ? S : never>[];

/** How long to wait for a child. */
export interface WaitOptions {
  /** In ms. Default: none. */
  deadline?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** One child as `whichChildren` shows it. */
export interface ChildInfo {
  readonly id: string;
  readonly kind: "actor" | "supervisor";
  readonly status: ChildStatus;
  readonly restart: RestartType;
  readonly significant: boolean;
  /** The actor that it is now, or was last; undefined where it is a supervisor, or never was up. */
  readonly actor: ActorId | undefined;
}

/** How many children there are. */
export interface ChildCounts {
  /** All that are known, whether up or not. */
  readonly specs: number;
  /** Those that run. */
  readonly active: number;
  /** Of all: how many are supervisors. */
  readonly supervisors: number;
  /** Of all: how many are actors. */
  readonly actors: number;
}

/**
 * Starts children in order, starts them again when they fail, and stops them in reverse. `T` has the handles of the children that it
 * was opened with.
 */
export interface Supervisor<T extends Handles = Handles> extends AsyncDisposable {
  readonly name: string;
  readonly status: ActorStatus;
  /** Aborts when the supervisor gives up or is cancelled; its `reason` is the failure, or the `Cancelled`. */
  readonly signal: AbortSignal;
  /**
   * The portal of the newest incarnation of a child that was up; of a child that is a supervisor, that supervisor. While the child is
   * being restarted, calls of the portal reject with `Restarted`: it never reaches the successor.
   * @throws InvalidOption there is no such child
   */
  child<K extends keyof T & string>(id: K): T[K];
  child<E = Loose>(id: string): Portal<E>;
  /**
   * The same once the child is up: at once, or when it is restarted.
   * @throws InvalidOption; DeadlineExceeded; Cancelled; where the child is not restarted, what a call to it would throw
   */
  waitForChild<K extends keyof T & string>(id: K, options?: WaitOptions): Promise<T[K]>;
  waitForChild<E = Loose>(id: string, options?: WaitOptions): Promise<Portal<E>>;
  /**
   * Adds a child behind the others, and starts it.
   * @throws ChildStartFailed it did not start, and is forgotten; InvalidOption; SupervisorClosed
   */
  startChild<const S extends ChildSpec & ExactChild<S>>(spec: S): Promise<HandleOf<S>>;
  /** Stops a child, or ends its being restarted. It can be started again, unless it is temporary: then it is forgotten. */
  terminateChild(id: string): Promise<void>;
  /** Starts a child that is stopped. @throws ChildStartFailed; InvalidOption; SupervisorClosed */
  restartChild<K extends keyof T & string>(id: K): Promise<T[K]>;
  restartChild<E = Loose>(id: string): Promise<Portal<E>>;
  /** Forgets a child that is stopped. @throws InvalidOption; SupervisorClosed */
  deleteChild(id: string): void;
  /** All children, in start order. */
  whichChildren(): ChildInfo[];
  countChildren(): ChildCounts;
  /** Stops every child, the last first, and waits until they are gone. */
  cancel(reason?: unknown): Promise<void>;
  /** Waits until the supervisor has ended by itself. @throws SupervisorFailed */
  join(): Promise<void>;
  /**
   * `cancel()`. One without a nursery then throws its failure, if it has one, as a nursery does; the failure of another is thrown by
   * its nursery. Idempotent.
   */
  close(): Promise<void>;
}
