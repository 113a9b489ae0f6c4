// Options of supervisors and their children: checked in full, at every depth, before anything happens, and completed with their
// defaults.
import type { ActorSource, Nursery } from "../context/surface.js";
import { InvalidOption } from "../errors/kinds.js";
import { ActorNursery } from "../nursery/nursery.js";
import { checkName, type AnyOptions } from "../nursery/options.js";
import { checkSource } from "../nursery/source.js";
import { checkBoolean, checkDuration, checkKnown, checkObject, checkOneOf } from "../portal/check.js";
import { defaultPolicy, type BackoffPolicy } from "./backoff.js";
import type { AutoShutdown } from "./exits.js";
import type { BackoffOptions, ChildSpec, ChildSupervisorOptions } from "./surface.js";
import type { RestartType, Strategy } from "./strategy.js";

/** OTP's own. */
export const INTENSITY = 3;
export const PERIOD = 5_000;
/** The most that a window keeps. */
const MOST_RESTARTS = 1_000_000;

const SUPERVISOR_OPTIONS = ["name", "strategy", "intensity", "period", "backoff", "autoShutdown", "children"];
const CHILD_OPTIONS = ["id", "what", "options", "supervisor", "restart", "shutdown", "significant"];
const BACKOFF_OPTIONS = ["initial", "factor", "max"];
const STRATEGIES = ["one_for_one", "one_for_all", "rest_for_one"];
const RESTARTS = ["permanent", "transient", "temporary"];
const AUTO_SHUTDOWNS = ["never", "any_significant", "all_significant"];

interface PlanCommon {
  readonly id: string;
  readonly restart: RestartType;
  readonly significant: boolean;
}

/** An actor to be started, with all its options. */
export interface ActorPlan extends PlanCommon {
  readonly kind: "actor";
  /** As what refusals name it. */
  readonly asked: string;
  readonly what: ActorSource<any>;
  readonly options: AnyOptions;
  readonly kill: boolean;
}

/** A supervisor to be started. */
export interface SupervisorPlan extends PlanCommon {
  readonly kind: "supervisor";
  readonly supervision: SupervisionPlan;
  /** ms, or without bounds but those of its children. */
  readonly shutdown: number | "kill" | "infinity";
}

export type ChildPlan = ActorPlan | SupervisorPlan;

/** A supervisor with every default filled in. */
export interface SupervisionPlan {
  readonly name: string;
  readonly strategy: Strategy;
  readonly intensity: number;
  readonly period: number;
  readonly backoff: BackoffPolicy;
  readonly autoShutdown: AutoShutdown;
  readonly children: readonly ChildPlan[];
}

/** @throws InvalidOption */
export function checkNursery(what: string, nursery: Nursery | undefined): ActorNursery | undefined {
  if (nursery === undefined || nursery instanceof ActorNursery) return nursery;
  throw new InvalidOption(`${what}: nursery`, nursery, "a nursery, as openNursery() or task.openNursery() gives it");
}

/** @throws InvalidOption, Unsupported */
export function planSupervision(
  what: string,
  options: ChildSupervisorOptions,
  nursery: ActorNursery,
  name = "supervisor",
  more: readonly string[] = [],
): SupervisionPlan {
  checkObject(what, options);
  checkKnown(what, options, [...SUPERVISOR_OPTIONS, ...more]);
  if (options.name !== undefined) checkName(`${what}: name`, options.name);
  checkOneOf(`${what}: strategy`, options.strategy, STRATEGIES);
  checkOneOf(`${what}: autoShutdown`, options.autoShutdown, AUTO_SHUTDOWNS);
  checkDuration(`${what}: period`, options.period);
  const { intensity = INTENSITY, period = PERIOD, children = [] } = options;
  if (!Number.isInteger(intensity) || intensity < 0 || intensity > MOST_RESTARTS)
    throw new InvalidOption(`${what}: intensity`, intensity, `a whole number from 0 to ${MOST_RESTARTS}`);
  if (!Array.isArray(children)) throw new InvalidOption(`${what}: children`, children, "an array of children");
  const autoShutdown = options.autoShutdown ?? "never";
  const plans: ChildPlan[] = [];
  for (const [index, spec] of (children as readonly ChildSpec[]).entries()) {
    const asked = `${what}: children[${index}]`;
    const plan = planChild(asked, spec, nursery, autoShutdown);
    if (plans.some(({ id }) => id === plan.id))
      throw new InvalidOption(`${asked}: id`, plan.id, "an id that no other child of the supervisor has");
    plans.push(plan);
  }
  return {
    name: options.name ?? name,
    strategy: options.strategy ?? "one_for_one",
    intensity,
    period,
    backoff: planBackoff(`${what}: backoff`, options.backoff, defaultPolicy({ intensity, period })),
    autoShutdown,
    children: plans,
  };
}

/** @throws InvalidOption, Unsupported */
export function planChild(what: string, spec: ChildSpec, nursery: ActorNursery, autoShutdown: AutoShutdown): ChildPlan {
  if (typeof spec !== "object" || spec === null || Array.isArray(spec))
    throw new InvalidOption(what, spec, "a child, as { id, what }");
  checkKnown(what, spec, CHILD_OPTIONS);
  checkName(`${what}: id`, spec.id);
  checkOneOf(`${what}: restart`, spec.restart, RESTARTS);
  checkBoolean(`${what}: significant`, spec.significant);
  const { id, restart = "permanent", significant = false } = spec;
  if (significant && restart === "permanent")
    throw new InvalidOption(
      `${what}: significant`,
      true,
      'false for a permanent child, which never ends for good; or with it restart: "transient" or "temporary"',
    );
  if (significant && autoShutdown === "never")
    throw new InvalidOption(
      `${what}: significant`,
      true,
      'false; or with it autoShutdown: "any_significant" or "all_significant" of the supervisor, which here is "never"',
    );
  const common = { id, restart, significant };
  if (spec.supervisor === undefined) return { ...common, ...planActor(what, spec, nursery) };
  for (const option of ["what", "options"] as const)
    if (spec[option] !== undefined)
      throw new InvalidOption(
        `${what}: ${option}`,
        spec[option],
        "nothing beside supervisor: a child is one or the other",
      );
  const { shutdown = "infinity" } = spec;
  if (shutdown !== "kill" && shutdown !== "infinity") checkShutdown(what, shutdown, '"kill" or "infinity"');
  const supervision = planSupervision(`${what}: supervisor`, spec.supervisor, nursery, id);
  return { ...common, kind: "supervisor", supervision, shutdown };
}

function planActor(
  what: string,
  spec: Exclude<ChildSpec, { supervisor: object }>,
  nursery: ActorNursery,
): Omit<ActorPlan, "id" | "restart" | "significant"> {
  checkSource(what, spec.what);
  const asked = `${what}.options`;
  const { shutdown, options: given = {} } = spec;
  checkObject(asked, given);
  const owned: AnyOptions = given;
  for (const name of ["onDeath", "signal"] as const)
    if (owned[name] !== undefined)
      throw new InvalidOption(
        `${asked}: ${name}`,
        owned[name],
        name === "onDeath"
          ? "nothing: what the death of a child does is the supervisor's, by restart and strategy"
          : "nothing: a start is ended by terminateChild, or with the supervisor",
      );
  const options: AnyOptions = { ...owned, name: owned.name ?? spec.id };
  if (shutdown !== undefined && shutdown !== "kill") {
    if ((shutdown as unknown) === "infinity")
      throw new InvalidOption(
        `${what}: shutdown`,
        shutdown,
        'ms or "kill": the end of an actor is always bounded; "infinity" is for a child that is a supervisor',
      );
    checkShutdown(what, shutdown, '"kill"');
    if (options.cancelTimeout !== undefined)
      throw new InvalidOption(
        `${what}: shutdown`,
        shutdown,
        "nothing beside options.cancelTimeout: both are the time to acknowledge a cancel",
      );
    options.cancelTimeout = shutdown;
  }
  nursery.checkStart(asked, spec.what, options);
  return { kind: "actor", asked, what: spec.what, options, kill: shutdown === "kill" };
}

function checkShutdown(what: string, shutdown: unknown, words: string): void {
  try {
    checkDuration(`${what}: shutdown`, shutdown);
  } catch (error) {
    if (!(error instanceof InvalidOption)) throw error;
    throw new InvalidOption(error.option, error.value, `${error.accepted}; or ${words}`);
  }
}

function planBackoff(what: string, given: BackoffOptions | undefined, policy: BackoffPolicy): BackoffPolicy {
  if (given === undefined) return policy;
  checkObject(what, given);
  checkKnown(what, given, BACKOFF_OPTIONS);
  if (given.initial !== 0) checkDuration(`${what}: initial`, given.initial);
  if (given.max !== 0) checkDuration(`${what}: max`, given.max);
  const { factor = policy.factor, max = Math.max(policy.max, given.initial ?? 0) } = given;
  const initial = given.initial ?? Math.min(policy.initial, max);
  if (typeof factor !== "number" || !(factor >= 1) || factor > 1_000)
    throw new InvalidOption(`${what}: factor`, factor, "a number from 1 to 1000");
  if (initial > max) throw new InvalidOption(`${what}: max`, max, `at least initial, which is ${initial}`);
  return { initial, factor, max };
}
