// The handle on a supervisor that users hold: it checks what it is given, waits, and passes on.
import { observe } from "../errors/observed-promise.js";
import { isBroodsDoing } from "../errors/silence.js";
import type { ActorStatus } from "../context/surface.js";
import { Cancelled, DeadlineExceeded, type CancelOrigin } from "../errors/kinds.js";
import type { ActorNursery } from "../nursery/nursery.js";
import { thisProcess } from "../nursery/runtime.js";
import { checkDuration, checkKnown, checkObject, checkSignal } from "../portal/check.js";
import { assertOwn, forks } from "../protocol/forks.js";
import type { Child, Waiter } from "./child.js";
import type { Incarnation } from "./incarnation.js";
import { planChild } from "./options.js";
import type { Supervision } from "./supervision.js";
import type { ChildCounts, ChildInfo, ChildSpec, Supervisor, WaitOptions } from "./surface.js";

/** How a supervisor is ended by its user, and where its failure is thrown. */
export interface Scope {
  cancel(reason: unknown): Promise<void>;
  close(): Promise<void>;
  dispose(): Promise<void>;
  join(): Promise<void>;
}

/** Of one that hangs on something, which throws its failure. */
export function hanging(supervision: Supervision): Scope {
  const origin = (via: CancelOrigin["via"], reason: unknown): CancelOrigin => ({
    // With all its actors, as a nursery.
    scope: "nursery",
    via,
    canceller: thisProcess().id,
    reason,
  });
  const close = (): Promise<void> => supervision.end(origin("scope", undefined));
  return {
    cancel: (reason) => supervision.end(origin("cancel", reason)),
    close,
    dispose: close,
    async join() {
      await supervision.over;
      if (supervision.failure !== undefined) throw supervision.failure;
    },
  };
}

export class SupervisorHandle implements Supervisor {
  readonly #supervision: Supervision;
  readonly #nursery: ActorNursery;
  readonly #scope: Scope;
  readonly #forks = forks();

  constructor(supervision: Supervision, nursery: ActorNursery, scope: Scope) {
    this.#supervision = supervision;
    this.#nursery = nursery;
    this.#scope = scope;
  }

  get name(): string {
    return this.#supervision.plan.name;
  }
  get status(): ActorStatus {
    return this.#supervision.status;
  }
  get signal(): AbortSignal {
    return this.#supervision.signal;
  }

  child(id: string): any {
    const { current } = this.#supervision.find("supervisor.child", id);
    if (current === undefined) throw this.#supervision.closed();
    return current.handle;
  }

  waitForChild(id: string, options: WaitOptions = {}): Promise<any> {
    return observe(this.#wait(id, options), isBroodsDoing);
  }

  async #wait(id: string, options: WaitOptions): Promise<Incarnation["handle"]> {
    const what = "supervisor.waitForChild";
    this.#assertOwn();
    checkObject(what, options);
    checkKnown(what, options, ["deadline", "signal"]);
    checkDuration(`${what}: deadline`, options.deadline);
    checkSignal(`${what}: signal`, options.signal);
    const child = this.#supervision.find(what, id);
    // It tells why, once it knows.
    if (this.#supervision.status === "ending") await this.#supervision.over;
    if (this.#supervision.status === "ended") throw this.#supervision.closed();
    const { signal, deadline } = options;
    if (signal?.aborted === true) throw this.#aborted(child, signal);
    const comes = this.#supervision.comes(child);
    if (!comes && child.status === "running") return (child.current as Incarnation).handle;
    if (!comes) throw this.#supervision.whyNot(child);
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        child.waiters.delete(waiter);
      };
      const waiter: Waiter = {
        up(incarnation) {
          done();
          resolve(incarnation.handle);
        },
        never(error) {
          done();
          reject(error);
        },
      };
      const abort = (): void => waiter.never(this.#aborted(child, signal as AbortSignal));
      child.waiters.add(waiter);
      signal?.addEventListener("abort", abort, { once: true });
      if (deadline === undefined) return;
      timer = setTimeout(
        () => waiter.never(new DeadlineExceeded(this.#whereabouts(child), "waitForChild", deadline)),
        deadline,
      );
    });
  }

  #aborted(child: Child, signal: AbortSignal): Cancelled {
    const origin = { scope: "call", via: "signal", canceller: thisProcess().id, reason: signal.reason } as const;
    return new Cancelled(origin, this.#whereabouts(child));
  }

  #whereabouts(child: Child): NonNullable<Incarnation["where"]> {
    const { id: self, path } = thisProcess();
    return child.newest?.where ?? { actor: { ...self, name: child.id }, path: `${path}/${child.id}` };
  }

  startChild(spec: ChildSpec): Promise<any> {
    const work = async (): Promise<Incarnation["handle"]> => {
      const what = "supervisor.startChild";
      this.#mustRun();
      const plan = planChild(what, spec, this.#nursery, this.#supervision.plan.autoShutdown);
      return ((await this.#supervision.add(what, plan)).current as Incarnation).handle;
    };
    return observe(work(), isBroodsDoing);
  }

  restartChild(id: string): Promise<any> {
    const work = async (): Promise<Incarnation["handle"]> => {
      this.#mustRun();
      return ((await this.#supervision.again("supervisor.restartChild", id)).current as Incarnation).handle;
    };
    return observe(work(), isBroodsDoing);
  }

  async terminateChild(id: string): Promise<void> {
    this.#mustRun();
    await this.#supervision.terminate(this.#supervision.find("supervisor.terminateChild", id));
  }

  deleteChild(id: string): void {
    this.#mustRun();
    this.#supervision.delete("supervisor.deleteChild", id);
  }

  whichChildren(): ChildInfo[] {
    return this.#supervision.children.map((child) => {
      const { id, kind, restart, significant } = child.plan;
      const actor = (child.newest ?? child.current)?.where?.actor;
      return { id, kind, status: child.status, restart, significant, actor };
    });
  }

  countChildren(): ChildCounts {
    const { children } = this.#supervision;
    const supervisors = children.filter(({ plan }) => plan.kind === "supervisor").length;
    return {
      specs: children.length,
      active: children.filter(({ status }) => status === "running").length,
      supervisors,
      actors: children.length - supervisors,
    };
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#assertOwn();
    return this.#scope.cancel(reason);
  }

  join(): Promise<void> {
    return observe(this.#join(), () => false);
  }

  async #join(): Promise<void> {
    this.#assertOwn();
    return this.#scope.join();
  }

  close(): Promise<void> {
    return observe(this.#close(), () => false);
  }

  async #close(): Promise<void> {
    this.#assertOwn();
    return this.#scope.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#scope.dispose();
  }

  #mustRun(): void {
    this.#assertOwn();
    this.#supervision.mustRun();
  }

  #assertOwn(): void {
    assertOwn(this.#forks, "a supervisor");
  }
}
