// One life of a child: from its start until nothing is left of it. An actor or a supervisor, for its supervisor the same.
import type { Portal } from "../context/surface.js";
import type { UnheardFailures } from "../context/unheard.js";
import type { Exit } from "../errors/exit.js";
import type { ActorDied, CancelOrigin, Whereabouts } from "../errors/kinds.js";
import type { Restarted } from "../errors/supervision.js";
import type { ActorNursery } from "../nursery/nursery.js";
import type { Control, ControlOwner } from "../portal/control.js";
import type { ActorDump, ScopeDump } from "../protocol/tree.js";
import type { ActorPlan } from "./options.js";
import type { Supervisor } from "./surface.js";

/** How a life ended; `error` where it ended otherwise than it was asked to. */
export interface Ending {
  readonly exit: Exit;
  readonly error: Error | undefined;
}

/** Who hears how a life goes. */
export interface Keeper {
  /** Nothing is left of it. Once; not of a start that had nothing to end. */
  ended(ending: Ending): void;
  /** A failure that has no caller left to hear it. */
  late(control: Control, error: Error): void;
}

export interface Incarnation {
  /** What users get. */
  readonly handle: Portal<any> | Supervisor;
  /** The actor that it is, where it is one. */
  readonly where: Whereabouts | undefined;
  /** Resolves when it is up; rejects when it will not be, and is gone. */
  begin(): Promise<void>;
  /** Ends it by its `shutdown`; resolves when nothing is left of it. */
  stop(origin: CancelOrigin): Promise<void>;
  kill(): void;
  /** What there is to see of it. */
  describe(within: number): Promise<ActorDump | ScopeDump>;
  /** Rejects everything that waits for it, now. */
  interrupt(error: Error): void;
  /** Another takes its place: what is asked of it is refused with what `error` gives. Undefined: no other does. */
  replace(error: ((where: Whereabouts | undefined) => Restarted) | undefined): void;
  /** Why nothing can be asked of it, once it is gone. */
  whyNot(): Error;
}

export class ActorIncarnation implements Incarnation, ControlOwner {
  readonly handle: Portal<any>;
  readonly #nursery: ActorNursery;
  readonly #plan: ActorPlan;
  readonly #keeper: Keeper;
  readonly #control: Control;

  /** @throws as `nursery.start` rejects, where not even a start was possible */
  constructor(nursery: ActorNursery, plan: ActorPlan, keeper: Keeper) {
    this.#nursery = nursery;
    this.#plan = plan;
    this.#keeper = keeper;
    const { control, portal } = nursery.make(plan.asked, plan.what, plan.options, this);
    this.#control = control;
    this.handle = portal as Portal<any>;
  }

  get where(): Whereabouts {
    return this.#control.where;
  }

  begin(): Promise<void> {
    this.#control.begin();
    return this.#control.ready;
  }

  async stop(origin: CancelOrigin): Promise<void> {
    if (this.#plan.kill) await this.#control.kill(origin.canceller);
    else await this.#control.cancel(origin);
  }

  kill(): void {
    void this.#control.kill(this.#control.settings.self);
  }

  describe(within: number): Promise<ActorDump> {
    return this.#control.describe(within);
  }

  interrupt(error: Error): void {
    this.#control.interrupt(error);
  }

  replace(error: ((where: Whereabouts | undefined) => Restarted) | undefined): void {
    this.#control.replace(error?.(this.where));
  }

  whyNot(): Error {
    return this.#control.whyNot();
  }

  // ControlOwner.

  get unheard(): UnheardFailures {
    return this.#nursery.unheard;
  }

  ended(control: Control, exit: Exit, death: ActorDied | undefined): void {
    if (death !== undefined) this.#nursery.died(control, exit);
    this.#keeper.ended({ exit, error: death });
  }

  late(control: Control, error: Error): void {
    this.#keeper.late(control, error);
  }

  fellBack(control: Control): void {
    this.#nursery.fellBack(control);
  }

  deaf(control: Control): void {
    this.#nursery.deaf(control);
  }
}
