// The errors of supervisors: a child that could not be started, a supervisor that gave up or has ended, and a handle whose child
// another has taken the place of.
import { BroodError } from "./base.js";
import { describeExit, type Exit } from "./exit.js";
import type { ActorId } from "./identity.js";
import { sentence, type Whereabouts } from "./kinds.js";

/** One failure of a child, as its supervisor keeps it. */
export interface ChildFailure {
  /** The id of the child. */
  readonly id: string;
  /** How it ended; undefined where it never began. */
  readonly exit: Exit | undefined;
  /** `ActorDied`, `StartFailed` and so on; of a child that is a supervisor, its own `SupervisorFailed`. */
  readonly error: Error;
  /** When, in ms since the epoch. */
  readonly time: number;
}

/** Failures of children came faster than a supervisor may restart: it gave up, and has stopped the others. */
export class SupervisorFailed extends BroodError {
  static readonly code = "ERR_BROOD_SUPERVISOR";
  readonly code = SupervisorFailed.code;
  override readonly name = "SupervisorFailed";
  /** Its name. */
  readonly supervisor: string;
  /** How many restarts it may make within `period`. */
  readonly intensity: number;
  /** In ms. */
  readonly period: number;
  /** Every failure within `period`, oldest first, and what failed while the others were stopped. */
  readonly failures: readonly ChildFailure[];
  /** Their errors, in the same order. */
  readonly errors: readonly Error[];

  constructor(
    supervisor: string,
    limits: { readonly intensity: number; readonly period: number },
    failures: readonly ChildFailure[],
    last: ChildFailure,
  ) {
    const { intensity, period } = limits;
    super(
      `supervisor failed: ${supervisor}: it may restart ${intensity} times within ${period} ms, and one restart more was needed. ` +
        `The last to fail was ${last.id}: ${sentence(firstLine(last.error))} ` +
        `See failures for all ${failures.length}. Mend the children, or allow more with intensity and period.`,
    );
    this.supervisor = supervisor;
    this.intensity = intensity;
    this.period = period;
    this.failures = failures;
    this.errors = failures.map(({ error }) => error);
  }
}

/** A child could not be started. Whoever opened the supervisor gets this once all that was up is stopped. `cause` is why. */
export class ChildStartFailed extends BroodError {
  static readonly code = "ERR_BROOD_SUPERVISOR_START";
  readonly code = ChildStartFailed.code;
  override readonly name = "ChildStartFailed";
  /** The supervisor's name. */
  readonly supervisor: string;
  /** The id of the child. */
  readonly child: string;

  constructor(supervisor: string, child: string, cause: unknown) {
    super(
      `child not started: ${child} of supervisor ${supervisor}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
    this.supervisor = supervisor;
    this.child = child;
  }
}

/** A supervisor that is ending, or has ended, does nothing any more. `cause` is why it ended, where it failed or was cancelled. */
export class SupervisorClosed extends BroodError {
  static readonly code = "ERR_BROOD_SUPERVISOR_CLOSED";
  readonly code = SupervisorClosed.code;
  override readonly name = "SupervisorClosed";
  /** Its name. */
  readonly supervisor: string;

  constructor(supervisor: string, status: string, cause?: unknown) {
    super(
      `supervisor ${supervisor} is ${status}: it starts and restarts nothing any more. Open a new supervisor.`,
      cause === undefined ? undefined : { cause },
    );
    this.supervisor = supervisor;
  }
}

/** What was asked of an actor that its supervisor has restarted, or is about to. Nothing was asked of its successor. */
export class Restarted extends BroodError {
  static readonly code = "ERR_BROOD_RESTARTED";
  readonly code = Restarted.code;
  override readonly name = "Restarted";
  /** The actor that is no more; undefined where the child is a supervisor. */
  readonly actor: ActorId | undefined;
  readonly path: string | undefined;
  /** The name of its supervisor. */
  readonly supervisor: string;
  /** The id of the child that it was. */
  readonly child: string;
  /** How it ended; undefined where it was stopped to be restarted beside another. */
  readonly exit: Exit | undefined;

  constructor(supervisor: string, child: string, where: Whereabouts | undefined, exit: Exit | undefined) {
    const which = where === undefined ? `child ${child}` : `${where.actor.name} (${where.path})`;
    const how =
      exit === undefined || where === undefined ? "it was stopped" : describeExit(exit, where.actor).replace(/\.$/, "");
    super(
      `restarted: ${which}: ${how}, and its supervisor ${supervisor} starts it anew. ` +
        `Nothing was asked of its successor: get that with waitForChild(${JSON.stringify(child)}).`,
    );
    this.actor = where?.actor;
    this.path = where?.path;
    this.supervisor = supervisor;
    this.child = child;
    this.exit = exit;
  }
}

const firstLine = (error: Error): string => error.message.split("\n", 1)[0] as string;
