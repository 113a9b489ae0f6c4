// The life of a context as a pure transition table, as one of its ends sees it: opening → started → streaming → returned | failed |
// cancelled, with the cancel that was asked for and the two directions of its stream. No I/O. Both ends use it; what a message costs does
// not grow by it, since only the first one of a stream changes anything.

export type ContextState = "opening" | "started" | "streaming" | "returned" | "failed" | "cancelled";

export type ContextEvent =
  /** The started value is sent, or has come. */
  | "started"
  /** This end uses the stream, for the first time. */
  | "used"
  /** A message of the stream has come. */
  | "received"
  /** The other end says what became of messages that it was sent: credit, or that one was refused. */
  | "credited"
  /** This end sends nothing more. */
  | "ended"
  /** The other end sends nothing more. */
  | "stopped"
  /** A user asks for a cancel. */
  | "requested"
  /** What the open was bound by asks for one, before any user has: a deadline or a signal. */
  | "bounded"
  /** The cancel is acknowledged. */
  | "acknowledged"
  /** It was not, in time. */
  | "silent"
  /** The peer's task has returned. */
  | "return"
  /** It has thrown, or its answer comes too late. */
  | "error"
  /** It says that it was cancelled. */
  | "cancelled"
  /** The channel or the actor is gone. */
  | "lost";

export interface ContextLife {
  readonly state: ContextState;
  /** A user has asked for its cancel. */
  readonly requested: boolean;
  /** Its bounds have, and came first. */
  readonly bounded: boolean;
  readonly acknowledged: boolean;
  /** The direction of the stream in which this end sends. */
  readonly sending: Direction;
  readonly receiving: Direction;
}

export type Direction = "open" | "ended";

type Settled = "returned" | "failed" | "cancelled";

/** What each event makes of a state; where it makes nothing, it must not happen then. */
const TABLE: Record<Exclude<ContextState, Settled>, Partial<Record<ContextEvent, ContextState>>> = {
  opening: {
    started: "started",
    requested: "opening",
    bounded: "opening",
    acknowledged: "cancelled",
    silent: "cancelled",
    error: "failed",
    cancelled: "cancelled",
    lost: "failed",
  },
  started: {
    used: "streaming",
    received: "streaming",
    ended: "streaming",
    stopped: "streaming",
    requested: "started",
    bounded: "started",
    acknowledged: "cancelled",
    silent: "cancelled",
    return: "returned",
    error: "failed",
    cancelled: "cancelled",
    lost: "failed",
  },
  streaming: {
    used: "streaming",
    received: "streaming",
    credited: "streaming",
    ended: "streaming",
    stopped: "streaming",
    requested: "streaming",
    bounded: "streaming",
    acknowledged: "cancelled",
    silent: "cancelled",
    return: "returned",
    error: "failed",
    cancelled: "cancelled",
    lost: "failed",
  },
};

/** What each event changes beside the state. */
const CHANGES: Partial<Record<ContextEvent, Partial<ContextLife>>> = {
  ended: { sending: "ended" },
  stopped: { receiving: "ended" },
  requested: { requested: true },
  bounded: { bounded: true },
  acknowledged: { acknowledged: true },
};

/** What must hold for an event beside the state. */
const NEEDS: Partial<Record<ContextEvent, (life: ContextLife) => boolean>> = {
  received: ({ receiving }) => receiving === "open",
  stopped: ({ receiving }) => receiving === "open",
  ended: ({ sending }) => sending === "open",
  bounded: ({ requested }) => !requested,
  acknowledged: isAsked,
  silent: isAsked,
};

export const OPENING: ContextLife = {
  state: "opening",
  requested: false,
  bounded: false,
  acknowledged: false,
  sending: "open",
  receiving: "open",
};

/** The life after `event`, the same object where nothing has changed; undefined where it must not happen now. */
export function nextLife(life: ContextLife, event: ContextEvent): ContextLife | undefined {
  // What has ended takes whatever was still on its way, and stays what it is; only the word about its cancel may still come.
  if (isSettled(life.state))
    return event === "acknowledged" && isAsked(life) && !life.acknowledged ? { ...life, acknowledged: true } : life;
  const state = TABLE[life.state][event];
  if (state === undefined || NEEDS[event]?.(life) === false) return undefined;
  const changes = CHANGES[event];
  if (isSettled(state)) return { ...life, ...changes, state, sending: "ended", receiving: "ended" };
  if (state === life.state && (changes === undefined || isUnchanged(life, changes))) return life;
  return { ...life, ...changes, state };
}

/** Whether nothing more can happen to it. */
export function isSettled(state: ContextState): state is Settled {
  return state === "returned" || state === "failed" || state === "cancelled";
}

/** Whether somebody has asked for its cancel. */
export function isAsked({ requested, bounded }: ContextLife): boolean {
  return requested || bounded;
}

/** Whether the cancel that a user of this end has asked for is what ended it. */
export function isAbsorbed({ state, requested, bounded }: ContextLife): boolean {
  return state === "cancelled" && requested && !bounded;
}

function isUnchanged(life: ContextLife, changes: Partial<ContextLife>): boolean {
  return (Object.keys(changes) as (keyof ContextLife)[]).every((key) => life[key] === changes[key]);
}
