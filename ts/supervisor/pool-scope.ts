// The nursery of a pool's actors. They die without ending it, and what fails in the cleaning up of one that was replaced is logged,
// since the pool goes on; what fails while the pool itself ends is the pool's failure.
import type { Exit } from "../errors/exit.js";
import type { ActorDied } from "../errors/kinds.js";
import { ActorNursery } from "../nursery/nursery.js";
import type { Control } from "../portal/control.js";
import type { PoolDump, ScopeDump } from "../protocol/tree.js";
import type { PoolStats } from "./pool-surface.js";

/** The level of an error in the log. */
const LOG_ERROR = 1;

/** What a pool is told. */
export interface ScopeOwner {
  /** An actor is gone, or its start has failed: before anything that waits for it is rejected. */
  gone(control: Control, death: boolean): void;
  /** The scope begins to end. */
  ending(cause: Error): void;
  readonly stats: PoolStats;
}

export class PoolScope extends ActorNursery {
  #owner: ScopeOwner | undefined;

  constructor(name: string, outer: ActorNursery | undefined) {
    super({ name, onDeath: "report", onDeaf: "kill" }, undefined, outer);
  }

  /** To be called once, before anything is started. */
  tell(owner: ScopeOwner): void {
    this.#owner = owner;
  }

  override ended(control: Control, exit: Exit, death: ActorDied | undefined): void {
    super.ended(control, exit, death);
    this.#owner?.gone(control, death !== undefined);
  }

  override late(control: Control, error: Error): void {
    if (this.status !== "open") return super.late(control, error);
    const { spec, log } = control.settings;
    if (spec.logLevel !== "silent") log(LOG_ERROR, `its end failed: ${error.message}`);
  }

  override async describe(within: number): Promise<ScopeDump> {
    const pool = this.#owner && figuresOf(this.#owner.stats);
    return { ...(await super.describe(within)), pool };
  }

  protected override get kind(): ScopeDump["kind"] {
    return "pool";
  }

  protected override ending(cause: Error): void {
    this.#owner?.ending(cause);
  }
}

const figuresOf = ({
  size,
  actors,
  busy,
  starting,
  queued,
  running,
  calls,
  failed,
  replaced,
}: PoolStats): PoolDump => ({ size, actors, busy, starting, queued, running, calls, failed, replaced });
