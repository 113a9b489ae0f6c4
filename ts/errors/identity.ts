// Who is who: an actor's identity is name + uuid + pid; a name alone is no identity.

/** Identity of an actor, or of the process at the root of the tree. */
export interface ActorId {
  /** The name given at `start`; need not be unique. */
  readonly name: string;
  /** Unique for ever (RFC 9562 version 4, random). */
  readonly uuid: string;
  /** The process it lives in; absent for an actor that has no process of its own, or none yet. */
  readonly pid?: number;
}
