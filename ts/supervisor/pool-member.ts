// An actor of a pool: where it stands, what it runs, and what it has done.
import type { Control } from "../portal/control.js";
import type { Seat } from "./pool-choice.js";
import { nextMember, type MemberEvent, type MemberStatus } from "./pool-life.js";

export class PoolMember implements Seat {
  /** Set once it is ready. */
  control: Control | undefined;
  /** When its start began, and when it was ready; ms. */
  readonly bornAt = performance.now();
  readyAt = 0;
  open = 0;
  used = 0;
  idleSince = 0;
  /** Calls that it was handed. */
  taken = 0;
  /** Whether it has been done with a call, and lived on: its start was not in vain. */
  proven = false;
  #status: MemberStatus = "starting";

  get status(): MemberStatus {
    return this.#status;
  }

  /** Whether it can be asked now. */
  get answers(): boolean {
    return this.control?.answers === true;
  }

  advance(event: MemberEvent): void {
    this.#status = nextMember(this.#status, event) ?? this.#status;
  }
}
