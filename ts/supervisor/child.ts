// One child of a supervisor: its plan, where it stands, its newest incarnation, and who waits for that to be up.
import type { Exit } from "../errors/exit.js";
import type { CancelOrigin } from "../errors/kinds.js";
import type { ChildDump } from "../protocol/tree.js";
import type { Ending, Incarnation } from "./incarnation.js";
import { isUp, nextChildStatus, type ChildEvent, type ChildStatus } from "./life.js";
import type { ChildPlan } from "./options.js";

/** Who waits for a child to be up. */
export interface Waiter {
  up(incarnation: Incarnation): void;
  never(error: Error): void;
}

export class Child {
  readonly plan: ChildPlan;
  /** The newest that was begun. */
  newest: Incarnation | undefined;
  /** The newest that was up. */
  current: Incarnation | undefined;
  /** How the newest ended, once it has. */
  ending: Ending | undefined;
  /** Restarts in a row. */
  attempt = 0;
  /** When it came up, on the clock that never goes back; undefined while it is not up. */
  upSince: number | undefined;
  /** How often it was started again, for its own failure or for that of another. */
  restarts = 0;
  readonly waiters = new Set<Waiter>();
  #status: ChildStatus = "stopped";
  #statusSince = performance.now();
  #stopping: Promise<void> | undefined;

  constructor(plan: ChildPlan) {
    this.plan = plan;
  }

  get id(): string {
    return this.plan.id;
  }
  get restart(): ChildPlan["restart"] {
    return this.plan.restart;
  }
  get status(): ChildStatus {
    return this.#status;
  }
  get isUp(): boolean {
    return isUp(this.#status);
  }
  get exit(): Exit | undefined {
    return this.ending?.exit;
  }

  advance(event: ChildEvent): void {
    const next = nextChildStatus(this.#status, event);
    if (next === undefined || next === this.#status) return;
    this.#status = next;
    this.#statusSince = performance.now();
  }

  /** What there is to see of it as a child. */
  describe(): ChildDump {
    const { id, kind, restart } = this.plan;
    return {
      id,
      kind,
      status: this.#status,
      for: performance.now() - this.#statusSince,
      up: this.isUp && this.newest !== undefined,
      restart,
      restarts: this.restarts,
    };
  }

  /** Ends what there is of it; resolves when that is gone. It does not come back by itself. */
  stop(origin: CancelOrigin): Promise<void> {
    if (this.#status === "starting" || this.#status === "running") {
      this.advance("stop");
      this.#stopping = (this.newest as Incarnation).stop(origin);
    } else if (this.#status === "restarting") this.advance("stop");
    return this.isUp && this.#stopping !== undefined ? this.#stopping : Promise.resolve();
  }

  tellUp(): void {
    for (const waiter of this.waiters) waiter.up(this.current as Incarnation);
    this.waiters.clear();
  }

  tellNever(error: Error): void {
    for (const waiter of this.waiters) waiter.never(error);
    this.waiters.clear();
  }
}
