// The errors of pools.
import { BroodError } from "./base.js";
import { at, type Whereabouts } from "./kinds.js";

/** As many calls wait for a pool's actors as its `maxQueue` allows: this one was refused, and nothing of it was sent. */
export class PoolFull extends BroodError {
  static readonly code = "ERR_BROOD_POOL_FULL";
  readonly code = PoolFull.code;
  override readonly name = "PoolFull";
  /** The pool's name. */
  readonly pool: string;
  readonly path: string;
  readonly endpoint: string;
  readonly maxQueue: number;

  constructor(where: Whereabouts, endpoint: string, maxQueue: number) {
    super(
      `call ${endpoint} refused:${at(where)} all its actors are busy, and as many calls wait as maxQueue allows, ${maxQueue}. ` +
        "Wait for answers before you call on, or give it more actors or a longer queue.",
    );
    this.pool = where.actor.name;
    this.path = where.path;
    this.endpoint = endpoint;
    this.maxQueue = maxQueue;
  }
}

/** A pool that is ending, or has ended, takes no calls any more. `cause` is why it ended. */
export class PoolClosed extends BroodError {
  static readonly code = "ERR_BROOD_POOL_CLOSED";
  readonly code = PoolClosed.code;
  override readonly name = "PoolClosed";
  /** The pool's name. */
  readonly pool: string;
  readonly path: string;

  constructor(where: Whereabouts, status: string, cause?: unknown) {
    super(
      `pool closed:${at(where)} it is ${status}, and takes no calls any more. Make a new pool.`,
      cause === undefined ? undefined : { cause },
    );
    this.pool = where.actor.name;
    this.path = where.path;
  }
}
