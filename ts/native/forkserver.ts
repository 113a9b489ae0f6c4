// What the addon brood-forkserver.node offers: descriptors, lifelines and handles on processes, for hosts and actors alike.
// Its functions never wait (but `serve`, which is a template's whole life); an error that they throw has the name of an errno
// as its `code` ("ESRCH", "EMFILE").
//
// How a fork goes. The host makes a `TemplateHandle` and starts Node with `templateFd` among its descriptors. That process loads
// its modules, tells the host what it likes (`tell`: ready, or why not) and calls `serve`, in which it stays. The host calls
// `fork`; in the new process, and only there, `serve` returns. What the host is told comes from `receive`. All that has to do
// with forking is there on Linux only.

import type { LiveAddon } from "./live.js";

/** What works on this system. */
export interface Support {
  /** What ends an actor at the end of its lifeline: the kernel, or a thread of the actor. */
  readonly lifeline: "kernel" | "thread";
  /** Whether `ProcessHandle` works; `open` throws ENOSYS where it does not. */
  readonly pidfd: boolean;
  /** Whether the kernel signals groups by handle; elsewhere they are found in `/proc`. */
  readonly groupSignal: boolean;
  /** Whether `exitStatus` ever tells. */
  readonly exitInfo: boolean;
}

/**
 * The host's half of a lifeline. It ends when it is released or collected, when the Worker that made it ends, or when this
 * process is gone, however it died; the actor at its other end, and all of its group, ends then.
 */
export interface Lifeline {
  /** The descriptor to hand to the actor; -1 once it was handed over. */
  readonly readFd: number;
  /** The actor has its end: closes the host's copy. Idempotent. */
  handedOver(): void;
  /** Ends the lifeline. Idempotent. */
  release(): void;
}

/** How a process ended: one of the two is there. */
export interface ExitStatus {
  readonly code?: number;
  readonly signal?: number;
}

/**
 * One process, whatever becomes of its number. When the Worker that opened it ends before it was closed, the process and its
 * group are killed and reaped. One that is collected is closed, unless it is watched: then that happens once its end was
 * reported. A closed handle throws EBADF.
 */
export interface ProcessHandle {
  readonly pid: number;
  /** Sends a signal, by number; 0 only asks. False: it is gone, that is, ended and reaped. */
  signal(signal: number): boolean;
  /** Sends a signal to the group that it leads or led, also after it was reaped. False: nobody is left. */
  signalGroup(signal: number): boolean;
  /** How it ended; null until it was reaped, and where `Support.exitInfo` is false. */
  exitStatus(): ExitStatus | null;
  /**
   * Has its end reported through `onExit`, once, as `id`. What is left of its group is killed at once, also while this
   * process's JavaScript is busy. A second call throws EEXIST.
   */
  watch(id: number): void;
  /** Stops watching and lets go of the process, which goes on. Its end is not reported afterwards. Idempotent. */
  close(): void;
}

/** Whether processes can be forked here, as far as native code can say; the flags of Node are for JavaScript to look at. */
export interface ForkSupport {
  /** Why not, in words that fit after a colon; null if they can. */
  readonly reason: string | null;
  /** The version of glibc ("2.36"); null where the C library is another. */
  readonly glibc: string | null;
  /** The version of libuv that runs ("1.46.0"); null where it does not tell. */
  readonly libuv: string | null;
}

/** One thread of this process. */
export interface Thread {
  readonly tid: number;
  /** As the kernel has it, at most 15 bytes. A thread that nobody has named has the name of the process. */
  readonly name: string;
  /** One letter, as in `/proc`: "S" asleep, "R" running, "D" waiting for the kernel. */
  readonly state: string;
}

/**
 * What of a fork failed. In the template: "receive" (descriptors got lost on their way: EMFILE), "descriptors" (the open ones
 * could not be listed), "memory" (the heap could not be made ready), "fork", "pidfd"; ECANCELED with "lifeline": it had ended
 * before the fork. In the child, before any JavaScript: "group", "stdio", "close", "lifeline", "loop" (libuv), "random".
 */
export type ForkStep =
  | "receive"
  | "descriptors"
  | "memory"
  | "fork"
  | "pidfd"
  | "group"
  | "stdio"
  | "close"
  | "lifeline"
  | "loop"
  | "random";

/** What failed, and the name of its errno. */
export interface ForkFailure {
  readonly step: ForkStep;
  readonly code: string;
}

/** One fork that is asked for. The descriptors stay the caller's, who may close them as soon as `fork` has returned. */
export interface ForkRequest {
  /** What tells this fork from all others of the template; a whole number from 0 to 2 ** 32 - 1, never used twice. */
  readonly seq: number;
  /** What the child gets as it is; at most 65,536 bytes. */
  readonly payload: Uint8Array;
  /** The `readFd` of a Lifeline. It is armed in the child before any JavaScript. If it has ended by then, nothing is started. */
  readonly lifeline: number;
  /** What becomes 0, 1 and 2; -1: what the template has there. */
  readonly stdio: readonly [number, number, number];
  /** What else the child gets, at whatever numbers; at most 32. */
  readonly descriptors: readonly number[];
}

/** What a template tells. */
export type TemplateEvent =
  /** The bytes of one `tell`. */
  | { readonly kind: "told"; readonly payload: Uint8Array }
  /** The child lives. The handle is the caller's, to be closed, as one of `ProcessHandle.open`. */
  | { readonly kind: "forked"; readonly seq: number; readonly process: ProcessHandle }
  /**
   * There is no child, and the template goes on. With "receive" and EMFILE there may be one that this process had no room to
   * hold: it ends with its lifeline.
   */
  | { readonly kind: "failed"; readonly seq: number; readonly failure: ForkFailure }
  /**
   * The child has ended, was reaped, and what was left of its group was killed: by itself with `code`, or by `signal`; neither,
   * if somebody else had reaped it. Comes after its "forked". With `failure`, it ended before its `serve` returned, and `code` is 70.
   */
  | {
      readonly kind: "exited";
      readonly seq: number;
      readonly code?: number;
      readonly signal?: number;
      /** Whether the kernel wrote a core file. */
      readonly core: boolean;
      readonly failure?: ForkFailure;
    }
  /**
   * The last event: the template is gone (`code` undefined), or has said what is not in the protocol (`code` "EPROTO"), so that
   * nothing it says counts any more. What it forked lives on, as long as the lifelines do; ask their handles about their ends.
   */
  | { readonly kind: "closed"; readonly code?: string };

/**
 * The host's hold on one template: a socket. When it is closed or collected, when the Worker that made it ends, or when this
 * process is gone, the template kills what it has forked, and ends; while it still loads its modules it ends at `serve`, or by
 * a lifeline of its own. All is non-blocking. After `close` every function throws EBADF.
 */
export interface TemplateHandle {
  /** The descriptor to hand to the template; -1 once it was handed over. */
  readonly templateFd: number;
  /** The template has its end: closes the host's copy. Idempotent. */
  handedOver(): void;
  /**
   * Asks for a fork. Exactly one of "forked" and "failed" follows, or "closed".
   * Throws EAGAIN (it has not taken the requests before: stopped, or still loading), EPIPE (it is gone), EINVAL (a wrong
   * argument), EMSGSIZE (payload or descriptors), EBADF, ETOOMANYREFS (too many descriptors on their way).
   */
  fork(request: ForkRequest): void;
  /** What the template has told since the last call, in its order; at most 64 events, then `onExit` calls again. */
  receive(): TemplateEvent[];
  /**
   * From now on the callback of `onExit` gets `id` as well when there is something to receive; after that not again before
   * `receive` was called. Ids are one set with those of `ProcessHandle.watch`. A second call throws EEXIST.
   */
  watch(id: number): void;
  /** Ends the template, and what it has forked. Idempotent. */
  close(): void;
}

/** What a child begins with. It leads a group, its lifeline is armed, and it has no descriptors but these and those of libuv. */
export interface ForkedChild {
  readonly seq: number;
  readonly pid: number;
  /** The template. */
  readonly ppid: number;
  readonly payload: Uint8Array;
  /** The numbers of the request's `descriptors` here, in the same order; close-on-exec. */
  readonly descriptors: number[];
  /** 32 bytes of the kernel's randomness, of this child alone. */
  readonly seed: Uint8Array;
}

/** The addon. */
export interface ForkserverAddon extends LiveAddon {
  version(): string;
  support(): Support;
  /**
   * A connected pair of Unix stream sockets, both close-on-exec: the host's end, the actor's end. Until they are taken or
   * closed, the end of the Worker that made them closes them.
   */
  socketPair(): [number, number];
  /** Something else closes a descriptor of `socketPair` from now on, also at the end of the Worker. Throws EBADF for any other. */
  takeFd(fd: number): void;
  closeFd(fd: number): void;
  readonly Lifeline: new () => Lifeline;
  /**
   * In the actor: from here on the end of the host ends this process and its group, also while it is busy for ever, and
   * what is left of the group after its own end: the processes that it starts inherit the descriptor. Throws
   * EINVAL if the process does not lead its group or `fd` is not the read end of a pipe.
   */
  armLifeline(fd: number): void;
  readonly ProcessHandle: {
    /** A handle on the process that has the number `pid` now. Throws ESRCH if there is none. */
    open(pid: number): ProcessHandle;
  };
  /**
   * Calls `callback` with the ids of all watched processes that have ended since the last call (none, if they were closed
   * meanwhile). One callback for each environment: the last one given. It never keeps the event loop alive.
   */
  onExit(callback: (ids: number[]) => void): void;
  /** Whether this system can fork. Probed once. */
  forkSupport(): ForkSupport;
  readonly TemplateHandle: new () => TemplateHandle;
  /** The threads of this process, by tid; the main thread is the first. */
  threads(): Thread[];
  /** How many threads of its own have been asked for and did not run yet: they are listed by the name of who asked. */
  beginningThreads(): number;
  /**
   * In a template, before `serve`: tells the host some bytes, at most 65,536, through the control socket `control`. Throws
   * EAGAIN (the host has not read what was told before), EPIPE (it is gone), EMSGSIZE.
   */
  tell(control: number, payload: Uint8Array): void;
  /**
   * In a template: forks for the host at the other end of `control` as long as that lives, and then ends the process and all
   * that it has forked. Returns in each child, and nowhere else; no JavaScript runs here meanwhile. Call it from the top level
   * of a module or `setImmediate`, with nothing pending. The descriptor belongs to it from now on. A collection before it is
   * worth its time, and `v8.getHeapCodeStatistics()` after that: it completes the sweeping, which each child would do again on
   * pages of its own (measured: 9 % less private memory in an idle child, 6 % fewer page faults until its first reply).
   *
   * A child has 0, 1 and 2, the descriptors of its request, its lifeline (which what it starts inherits), what libuv opens, and
   * `/dev/null` where a thread that it does not have any more could still write to. It blocks no signal; each has its default
   * action, but those that Node and libuv handle or ignore, and SIGUSR1 where `--disable-sigusr1` blocked it, which is ignored
   * until there is a listener. Neither it nor what it starts is given huge pages. It leaves by `exitNow` or by a signal only.
   *
   * Throws before it serves: EINVAL (not the main thread, `control` is no control socket), ENOSYS (`forkSupport` says why),
   * EMFILE, ENOMEM.
   */
  serve(control: number): ForkedChild;
  /**
   * For tests of the fork itself: as `serve`, but returns null in the template, once it has forked or failed to, so that
   * JavaScript can run between two forks.
   */
  serveOne(control: number): ForkedChild | null;
  /** Whether a write to `fd` returns at once: there is room, or nobody reads any more. */
  writableNow(fd: number): boolean;
  /**
   * Writes a file, for its owner alone, that is there whole or not at all, whatever becomes of this process meanwhile; what had its
   * name before is gone then. It waits for the disk. Throws EOPNOTSUPP (or EISDIR, ENOENT) where a file cannot be written without
   * a name, and as any write does; then nothing is left.
   */
  writeWhole(path: string, bytes: Uint8Array): void;
  /** Leaves at once: no JavaScript, no exit handlers, no joining of threads. */
  exitNow(code: number): never;
}
