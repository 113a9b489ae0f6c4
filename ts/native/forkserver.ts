// What the addon brood-forkserver.node offers: descriptors, lifelines and handles on processes, for hosts and actors alike.
// Its functions never wait; an error that they throw has the name of an errno as its `code` ("ESRCH", "EMFILE").

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

/** The addon. */
export interface ForkserverAddon {
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
  /** Whether a write to `fd` returns at once: there is room, or nobody reads any more. */
  writableNow(fd: number): boolean;
  /** Leaves at once: no JavaScript, no exit handlers, no joining of threads. */
  exitNow(code: number): never;
}
