// The way to open a supervisor.
import type { Nursery } from "../context/surface.js";
import { observe } from "../errors/observed-promise.js";
import { isBroodsDoing } from "../errors/silence.js";
import { InvalidOption } from "../errors/kinds.js";
import { ActorNursery, type MemberTie } from "../nursery/nursery.js";
import { hanging, SupervisorHandle, type Scope } from "./handle.js";
import { SupervisorIncarnation } from "./nested.js";
import { checkNursery, planSupervision } from "./options.js";
import { Supervision } from "./supervision.js";
import type { ChildSpec, ExactChildren, HandlesOf, Supervisor, SupervisorOptions } from "./surface.js";

/**
 * Opens a supervisor and starts its children, each when the one before is up. Close it, or hold it by `await using`.
 * @throws ChildStartFailed a child did not start, and those before it are stopped again; InvalidOption; NurseryClosed; Cancelled
 */
export function openSupervisor<const C extends readonly ChildSpec[] & ExactChildren<C> = readonly []>(
  options: SupervisorOptions<C> = {},
): Promise<Supervisor<HandlesOf<C>>> {
  return observe(open(options as SupervisorOptions), isBroodsDoing) as Promise<Supervisor<any>>;
}

async function open(options: SupervisorOptions): Promise<Supervisor> {
  const what = "openSupervisor";
  if (typeof options !== "object" || options === null)
    throw new InvalidOption(`${what}: options`, options, "an object of options");
  const given = checkNursery(what, options.nursery);
  const nursery = given ?? new ActorNursery(typeof options.name === "string" ? { name: options.name } : {});
  try {
    return await openIn(nursery, given === undefined, options, what);
  } catch (error) {
    if (given === undefined) await nursery.cancel();
    throw error;
  }
}

async function openIn(
  nursery: ActorNursery,
  isOwn: boolean,
  options: SupervisorOptions,
  what: string,
): Promise<Supervisor> {
  const plan = planSupervision(what, options, nursery, "supervisor", ["nursery"]);
  let tie: MemberTie | undefined;
  const supervision = new Supervision(plan, {
    nursery,
    nested: (child, keeper) => new SupervisorIncarnation(nursery, child, keeper),
    ended(_exit, error) {
      if (error !== undefined) tie?.fail(error);
      tie?.left();
    },
    late(control, error, ending) {
      // While it runs, the failure is that of a child which is over: no reason to end what it is there to keep.
      if (ending) tie?.fail(error);
      else control.tellUndelivered(error);
    },
  });
  tie = nursery.adopt({
    interrupt: (error) => supervision.interrupt(error),
    end: (origin) => void supervision.end(origin),
    killAll: () => supervision.killAll(),
    describe: (within) => supervision.describe(within),
  });
  try {
    await supervision.start();
  } catch (error) {
    tie.left();
    throw error;
  }
  return new SupervisorHandle(supervision, nursery, isOwn ? own(nursery, supervision) : hanging(supervision));
}

/** Of one that is a scope of its own: its nursery has nothing but it. */
function own(nursery: Nursery, supervision: Supervision): Scope {
  return {
    cancel: (reason) => nursery.cancel(reason),
    close: () => nursery.close(),
    dispose: async () => nursery[Symbol.asyncDispose](),
    async join() {
      await supervision.over;
      await nursery.join();
      await nursery.close();
    },
  };
}
