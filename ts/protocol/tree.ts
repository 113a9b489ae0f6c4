// What there is to see of a tree of actors, as plain data: what a dump is made of. Times are durations in ms, so that they mean the same in
// every process. Lists are bounded, and what was left out is counted.

/** Of one list, no more entries than these are told. */
export const MOST_LISTED = 200;

/** Messages and their bytes. */
export interface Amount {
  readonly messages: number;
  readonly bytes: number;
}

/** One end of a stream. */
export interface StreamDump {
  /** Of the credit, what this end has taken: sent, and not consumed at the other end. */
  readonly sent: Amount;
  /** `send`s that wait for credit. */
  readonly sending: number;
  /** How long the first of them has waited. */
  readonly sendingFor?: number | undefined;
  /** Messages that came and were not read. */
  readonly unread: number;
  /** What came and is not given back as credit. */
  readonly received: Amount;
  /** Readers that wait for a message. */
  readonly reading: number;
  /** How long the first of them has waited. */
  readonly readingFor?: number | undefined;
  /** Those who share it, where there are any. */
  readonly subscribers?: SubscribersDump | undefined;
}

/** The subscribers of one stream. */
export interface SubscribersDump {
  readonly count: number;
  /** Those with unread messages who may miss none: nothing more is read from the stream until they have read. */
  readonly pacing: number;
  /** Messages that the slowest of them has not read. */
  readonly unread: number;
  /** Messages that those who may lag have missed, of all together. */
  readonly missed: number;
}

/** A cancel that was asked for. */
export interface CancelDump {
  /** What asked: a call of `cancel`, a signal, a deadline, the end of a scope. */
  readonly via: string;
  /** undefined: nobody knows yet. */
  readonly acknowledged?: boolean | undefined;
}

/** What was asked of an actor and is not answered, as who asked sees it. */
export interface AskedDump {
  /** Its number on the channel, the same at both ends. */
  readonly context: number;
  readonly kind: "call" | "context";
  readonly endpoint: string;
  readonly state: string;
  /** Since it was asked. */
  readonly age: number;
  readonly cancel?: CancelDump | undefined;
  readonly stream?: StreamDump | undefined;
}

/** A task, as the actor that runs it sees it. */
export interface TaskDump {
  /** Its number on the channel, the same at both ends. */
  readonly context: number;
  readonly kind: "call" | "context" | "generator";
  readonly endpoint: string;
  /** `cancelling`: it was asked to end. `abandoned`: nobody awaits its outcome any more. */
  readonly state: "running" | "cancelling" | "abandoned";
  readonly age: number;
  /** Until its caller's deadline. */
  readonly remaining?: number | undefined;
  readonly stream?: StreamDump | undefined;
}

/** What /proc says of a process. Linux. */
export interface ProcessFigures {
  /** As in ps: R runs, S sleeps, D waits for a device, T was stopped, Z is dead and not reaped. */
  readonly state: string;
  /** CPU time that it has used, in ms. */
  readonly cpu: number;
  /** Share of one core that it used while it was looked at; only of one that does not answer. */
  readonly busy?: number | undefined;
  /** Memory that it occupies, in bytes. */
  readonly memory: number;
  /** The function of the kernel that it waits in, where that may be known. */
  readonly waitsIn?: string | undefined;
}

/** An actor, as who started it sees it; `inside` as it sees itself. */
export interface ActorDump {
  readonly name: string;
  readonly path: string;
  readonly uuid: string;
  readonly pid?: number | undefined;
  readonly spawnMethod: string;
  readonly status: string;
  /** How long it has had that status. */
  readonly for: number;
  /** Since its start was asked for. */
  readonly age: number;
  /** What it was asked and has not answered. */
  readonly asked: readonly AskedDump[];
  /** How many of them were left out. */
  readonly more: number;
  /** Calls and contexts since its start. */
  readonly total: number;
  /** Why nothing is known of its inside: it was not asked, or it did not answer in time. */
  readonly silent?: string | undefined;
  readonly inside?: PartDump | undefined;
  readonly process?: ProcessFigures | undefined;
}

/** A child of a supervisor. */
export interface ChildDump {
  readonly id: string;
  readonly kind: "actor" | "supervisor";
  readonly status: string;
  /** How long it has had that status. */
  readonly for: number;
  /** Whether there is something of it: then that is the next one of its kind among the actors or the scopes of its supervisor. */
  readonly up: boolean;
  /** `permanent`, `transient` or `temporary`. */
  readonly restart: string;
  /** How often it was started again, for its own failure or for that of another. */
  readonly restarts: number;
}

/** What a supervisor is and has done. */
export interface SupervisionDump {
  readonly strategy: string;
  /** Restarts that it has decided on. */
  readonly restarts: number;
  /** Of these, those in the last `period` ms: with more than `intensity` it gives up. */
  readonly recent: number;
  readonly intensity: number;
  readonly period: number;
  /** In the order of their start. */
  readonly children: readonly ChildDump[];
}

/** What a pool does: the figures of the same names in `pool.stats`. */
export interface PoolDump {
  readonly size: number;
  readonly actors: number;
  readonly busy: number;
  readonly starting: number;
  readonly queued: number;
  readonly running: number;
  readonly calls: number;
  readonly failed: number;
  readonly replaced: number;
}

/** What owns actors: a nursery, a cluster, a pool, a supervisor; or a shared resource, which owns none. */
export interface ScopeDump {
  readonly kind: "nursery" | "cluster" | "pool" | "supervisor" | "shared";
  readonly name: string;
  readonly status: string;
  readonly for: number;
  /** What else there is to say, in words. */
  readonly note?: string | undefined;
  /** Of a supervisor. */
  readonly supervision?: SupervisionDump | undefined;
  /** Of a pool. */
  readonly pool?: PoolDump | undefined;
  /** In the order of their start. */
  readonly actors: readonly ActorDump[];
  readonly scopes: readonly ScopeDump[];
  /** How many actors, or children of a supervisor, were left out. */
  readonly more: number;
}

/** What runs in one place: a process, or a guest. */
export interface PartDump {
  /** What it was asked and works on; nothing in a process that is no actor. */
  readonly tasks: readonly TaskDump[];
  /** How many were left out. */
  readonly more: number;
  readonly scopes: readonly ScopeDump[];
}

/** What there is to see of a tree of actors, as plain data. */
export interface TreeDump {
  /** When it was made, as an ISO date. */
  readonly at: string;
  /** How long that took, in ms. */
  readonly took: number;
  readonly name: string;
  /** `""` at the root of the tree. */
  readonly path: string;
  readonly pid: number;
  /** Version of Node. */
  readonly node: string;
  readonly process?: ProcessFigures | undefined;
  readonly scopes: readonly ScopeDump[];
}

/** How a dump is made. */
export interface DumpOptions {
  /** In which actors answer what runs in them, in ms. Default 500; the dump is there 100 ms later at the latest. */
  within?: number | undefined;
}
