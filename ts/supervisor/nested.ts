// A supervisor as the child of another: for that one its life is like that of an actor.
import type { CancelOrigin, Whereabouts } from "../errors/kinds.js";
import type { Restarted } from "../errors/supervision.js";
import type { ActorNursery } from "../nursery/nursery.js";
import type { ScopeDump } from "../protocol/tree.js";
import { hanging, SupervisorHandle } from "./handle.js";
import type { Incarnation, Keeper } from "./incarnation.js";
import type { SupervisorPlan } from "./options.js";
import { Supervision } from "./supervision.js";
import type { Supervisor } from "./surface.js";

export class SupervisorIncarnation implements Incarnation {
  readonly handle: Supervisor;
  readonly where: undefined;
  readonly #plan: SupervisorPlan;
  readonly #supervision: Supervision;
  #begun: Promise<void> | undefined;

  constructor(nursery: ActorNursery, plan: SupervisorPlan, keeper: Keeper) {
    this.#plan = plan;
    this.#supervision = new Supervision(plan.supervision, {
      nursery,
      nested: (inner, innerKeeper) => new SupervisorIncarnation(nursery, inner, innerKeeper),
      ended: (exit, error) => keeper.ended({ exit, error }),
      late: (control, error) => keeper.late(control, error),
    });
    this.handle = new SupervisorHandle(this.#supervision, nursery, hanging(this.#supervision));
  }

  begin(): Promise<void> {
    this.#begun = this.#supervision.start();
    return this.#begun;
  }

  async stop(origin: CancelOrigin): Promise<void> {
    const { shutdown } = this.#plan;
    const ended = this.#supervision.end(origin);
    let timer: ReturnType<typeof setTimeout> | undefined;
    if (shutdown === "kill") this.kill();
    else if (shutdown !== "infinity") timer = setTimeout(() => this.kill(), shutdown);
    await ended;
    clearTimeout(timer);
    // Where it was not up yet, its start has to hear of it first.
    await this.#begun?.catch(() => {});
  }

  kill(): void {
    this.#supervision.killAll();
  }

  describe(within: number): Promise<ScopeDump> {
    return this.#supervision.describe(within);
  }

  interrupt(error: Error): void {
    this.#supervision.interrupt(error);
  }

  replace(error: ((where: Whereabouts | undefined) => Restarted) | undefined): void {
    this.#supervision.replace(error?.(undefined));
  }

  whyNot(): Error {
    return this.#supervision.closed();
  }
}
