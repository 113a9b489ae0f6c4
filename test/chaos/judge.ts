// Holds what happened in a round against the harm that was done in it: whatever was promised has settled, an answer is the right one, and an
// error names a cause that was there and could reach whom it speaks of. What nothing could reach has its answer.
import {
  ActorDied,
  Cancelled,
  ChildStartFailed,
  DeadlineExceeded,
  NurseryClosed,
  PoolClosed,
  RemoteActorError,
  Restarted,
  StartFailed,
  SupervisorClosed,
  SupervisorFailed,
  type ActorId,
  type Exit,
} from "brood";
import { thisProcess } from "#brood/nursery/runtime.js";
import { abortOf, answerTo, failureOf, isFinite, leaveOf, mustFail } from "./asks.js";
import { flatExit, flatReason, type FlatExit } from "./exit.js";
import { isChannelHarm, type HarmKind, type HarmPlan } from "./plan.js";
import {
  show,
  showError,
  type Asked,
  type Done,
  type Group,
  type Member,
  type Outcome,
  type RoundRecord,
} from "./record.js";

/** What ends an actor that nobody had asked to end. */
const DEATHS: readonly HarmKind[] = ["uncaught", "leave", "hoard", "babble", "SIGKILL", "kill any process"];
/** What asks an actor to end. */
const REQUESTS: readonly HarmKind[] = ["cancel", "fell", "cancel nursery", "cancel supervisor", "cancel pool"];
/** The end of a scope, which has no reason. */
const CLOSINGS: readonly HarmKind[] = ["close nursery", "throw in body"];
/** Ends an actor at once, whatever it does. */
const CERTAIN: readonly HarmKind[] = ["kill", "cancel", "SIGKILL", "cut", "cut host"];
/** Who does or suffers this hears of nothing more. */
const HALTS: readonly HarmKind[] = ["loop", "SIGSTOP"];
/** Signals that only repeat a request. */
const MILD = ["SIGTERM", "SIGINT", "SIGHUP"];

export const harmText = ({ plan }: { readonly plan: HarmPlan }): string => `harm ${plan.id}`;
/** With which a process leaves by itself. */
export const codeOf = (id: number): number => 10 + id;

// Who is reached by what.

const isDeath = ({ plan: { kind } }: Done, member: Member): boolean =>
  DEATHS.includes(kind) || isChannelHarm(kind) || (kind === "loop" && member.plan.limits?.cpu !== undefined);

/** Done to this very actor. */
function isDirect(record: RoundRecord, harm: Done, member: Member): boolean {
  if (harm.member === member) return harm.plan.kind !== "fell";
  if (harm.pid === undefined || harm.plan.kind === "kill template") return false;
  // Of those that a supervisor has started in between not every one was seen.
  return member.pids.has(harm.pid) || (member.supervised && member.isProcess && isWild(record, harm));
}

/** A process was killed that is no actor that is known: a template, an actor that was being started, or nobody's yet. */
export function isWild(record: RoundRecord, { plan, pid }: Done): boolean {
  return plan.kind === "kill any process" && !record.members.some(({ pids }) => pid !== undefined && pids.has(pid));
}

function endsGroup(record: RoundRecord, harm: Done, group: Group): boolean {
  const { kind, on } = harm.plan;
  if (on === group.name) return REQUESTS.includes(kind) || CLOSINGS.includes(kind);
  if (group.members.some((member) => member.fails && isDeath(harm, member) && isDirect(record, harm, member)))
    return true;
  // It has interrupted a task that failed all the same.
  const own = harm.group === group || harm.member?.group === group;
  if (own && REQUESTS.includes(kind) && record.asked.some((asked) => failedLate(asked, group))) return true;
  return mayHaveGivenUp(record, group) && group.supervised.some((member) => isDirect(record, harm, member));
}

function reaches(record: RoundRecord, harm: Done, member: Member): boolean {
  if (endsGroup(record, harm, member.group)) return true;
  if (member.supervised) {
    const supervisor = member.group.plan.supervisor!;
    if (harm.plan.on === supervisor.name) return true;
    const strategy = supervisor.strategy;
    return member.group.supervised.some(
      (one) => (one === member || strategy !== "one_for_one") && isDirect(record, harm, one),
    );
  }
  return member.line.some((one) => {
    if (isDirect(record, harm, one)) return true;
    if (one.above === undefined) return false;
    if (harm.plan.kind === "fell" && harm.member === one.above) return true;
    return one.level.some(
      (other) => other !== one && other.fails && isDeath(harm, other) && isDirect(record, harm, other),
    );
  });
}

/** The harm that can have made a difference, by what it can have made it to. */
export const hits = {
  member: (record: RoundRecord, member: Member): Done[] => record.done.filter((harm) => reaches(record, harm, member)),
  group: (record: RoundRecord, group: Group): Done[] => record.done.filter((harm) => endsGroup(record, harm, group)),
  supervisor: (record: RoundRecord, group: Group): Done[] =>
    record.done.filter(({ plan }) => plan.on !== "" && plan.on === group.plan.supervisor?.name),
  pool: (record: RoundRecord, group: Group): Done[] =>
    record.done.filter(
      (harm) =>
        endsGroup(record, harm, group) ||
        harm.plan.on === group.plan.pool?.name ||
        isWild(record, harm) ||
        harm.plan.kind === "kill template",
    ),
};

/** Whether harm ends an actor, or the one of a pool that meets it, without anybody's doing anything more. */
export function mustEnd(record: RoundRecord, harm: Done): boolean {
  const { kind, on } = harm.plan;
  const { member } = harm;
  if (member === undefined)
    return harm.victim !== undefined || (harm.group?.plan.pool?.name === on && DEATHS.includes(kind));
  if (CERTAIN.includes(kind)) return true;
  // Nobody else sees that end.
  if (kind === "cut actor")
    return !record.done.some((other) => other.member === member && HALTS.includes(other.plan.kind));
  return !member.line.some(({ plan }) => plan.deaf) && isDeath(harm, member);
}

/** Whether a supervisor can have had more to restart than it may. */
export function mayHaveGivenUp(record: RoundRecord, { plan: { supervisor }, supervised }: Group): boolean {
  if (supervisor === undefined) return false;
  const count = record.done.filter((harm) => supervised.some((member) => isDirect(record, harm, member))).length;
  return count > supervisor.intensity;
}

/** Whether a supervised actor must be there, however often it has ended. */
export function comesBack(record: RoundRecord, member: Member): boolean {
  const own = record.done.filter((harm) => isDirect(record, harm, member));
  if (member.plan.restart === "temporary") return hits.member(record, member).length === 0;
  if (member.plan.restart === "transient") return !own.some(({ plan }) => plan.kind === "cancel");
  return true;
}

// The judgement.

/** What is wrong with a round that is over; nothing, where it went as it should. */
export function judge(record: RoundRecord): string[] {
  return new Judge(record).all();
}

/** Whether a task of this group threw what its caller, who had been told something else by then, never heard: its nursery fails by it. */
function failedLate(asked: Asked, group: Group | undefined): boolean {
  return mustFail(asked.plan) && (asked.member?.group ?? asked.pool) === group && wasInterrupted(asked);
}

/** Whether it was told something else than what its task threw. */
function wasInterrupted({ promised: { outcome } }: Asked): boolean {
  return outcome !== undefined && "error" in outcome && !(outcome.error instanceof RemoteActorError);
}

/** Whom an error is about, and when it was met. */
interface Case {
  readonly member?: Member | undefined;
  /** Whose pool. */
  readonly pool?: Group | undefined;
  readonly asked?: Asked | undefined;
  readonly seq: number;
}

class Judge {
  readonly #record: RoundRecord;
  readonly #host = thisProcess().id.uuid;

  constructor(record: RoundRecord) {
    this.#record = record;
  }

  all(): string[] {
    const { members, asked, groups, growths, certain, done, promised, complaints } = this.#record;
    const found = [...complaints];
    const note = (what: string, why: string | undefined): void => {
      if (why !== undefined) found.push(`${what}: ${why}`);
    };
    for (const { what, outcome } of promised) if (outcome === undefined) note(what, "never settled");
    for (const one of asked) note(`ask ${one.plan.id} (${one.plan.kind} of ${one.plan.on})`, this.#ask(one));
    for (const member of members) {
      note(`start of ${member.name}`, this.#start(member));
      note(`exit of ${member.name}`, this.#exit(member));
    }
    for (const { member, promised: growth } of growths) note(growth.what, this.#growth(member, growth.outcome));
    for (const { what, outcome } of certain)
      if (outcome !== undefined && "error" in outcome) note(what, `it must not reject: ${showError(outcome.error)}`);
    for (const harm of done) note(`harm ${harm.plan.id} (${harm.plan.kind} ${harm.plan.on})`, this.#harm(harm));
    for (const group of groups) {
      note(group.name, this.#group(group));
      note(`supervisor of ${group.name}`, this.#supervisor(group));
    }
    return found;
  }

  #ask(asked: Asked): string | undefined {
    const { plan, member, pool, promised } = asked;
    const { outcome } = promised;
    if (outcome === undefined) return undefined;
    if ("value" in outcome) {
      if (!isFinite(plan) || mustFail(plan)) return `it has an answer, and can have none: ${show(outcome.value)}`;
      const right = show(answerTo(plan));
      return show(outcome.value) === right ? undefined : `wrong answer ${show(outcome.value)} for ${right}`;
    }
    return this.#explain(outcome.error, { member, pool, asked, seq: outcome.seq });
  }

  #start(member: Member): string | undefined {
    const outcome = member.start?.outcome;
    if (outcome === undefined || "value" in outcome) return undefined;
    const { error, seq } = outcome;
    if (error instanceof Cancelled && error.via === "signal")
      return member.plan.abortStart !== undefined && error.reason === `start of ${member.name}`
        ? undefined
        : `nobody aborted it: ${showError(error)}`;
    return this.#explain(error, { member, seq });
  }

  #growth(member: Member, outcome: Outcome | undefined): string | undefined {
    if (outcome === undefined) return undefined;
    if ("value" in outcome) return `it has a result, and can have none: ${show(outcome.value)}`;
    const { error, seq } = outcome;
    const fells = this.#record.done.filter((harm) => harm.plan.kind === "fell" && harm.member === member);
    if (
      error instanceof Cancelled &&
      error.scope === "context" &&
      fells.some((harm) => harmText(harm) === error.reason)
    )
      return undefined;
    return this.#explain(error, { member, seq });
  }

  #harm({ promised, member, group, plan, seq }: Done): string | undefined {
    const outcome = promised?.outcome;
    if (outcome === undefined) return undefined;
    if ("value" in outcome) {
      if (DEATHS.includes(plan.kind) || plan.kind === "loop")
        return `it has an answer, and can have none: ${show(outcome.value)}`;
      if (plan.kind === "kill" && member !== undefined && !member.supervised)
        return show(flatExit(outcome.value as Exit)) === show(member.exit?.exit)
          ? undefined
          : `it told ${show(outcome.value)}, and the actor's exit is ${show(member.exit?.exit)}`;
      // Acknowledged, where nothing else had happened.
      if (plan.kind === "cancel" && member !== undefined && !member.plan.deaf) {
        const before = hits.member(this.#record, member).filter((one) => one.seq !== seq && one.seq < outcome.seq);
        return outcome.value === true || before.length > 0 ? undefined : "the actor did not acknowledge it";
      }
      return undefined;
    }
    // Its end is judged with its nursery's.
    if (plan.kind === "close nursery") return undefined;
    return this.#explain(outcome.error, {
      member,
      pool: group?.plan.pool === undefined ? undefined : group,
      seq: outcome.seq,
    });
  }

  #exit(member: Member): string | undefined {
    if (member.exit === undefined) {
      if (member.portal === undefined || member.supervised) return undefined;
      return "it never came";
    }
    return this.#explainExit(member.exit.exit, { member, seq: member.exit.seq });
  }

  /** A nursery throws the failures of its actors, each once, and nothing else. */
  #group(group: Group): string | undefined {
    const record = this.#record;
    const thrown = group.endings.flatMap(({ outcome }) =>
      outcome === undefined || "value" in outcome
        ? []
        : outcome.error instanceof AggregateError
          ? (outcome.error.errors as unknown[])
          : [outcome.error],
    );
    const told = new Set<string>();
    for (const error of thrown) {
      if (error instanceof ActorDied) {
        const member = group.members.find(({ id }) => id?.uuid === error.actor.uuid);
        if (member === undefined) return `it threw the death of an actor that it does not have: ${showError(error)}`;
        if (!member.fails) return `it threw a death that was only to be reported: ${showError(error)}`;
        if (error.exit !== member.rawExit) return `it threw another exit of ${member.name} than that actor's own`;
        if (told.has(error.actor.uuid)) return `it threw the death of ${member.name} twice`;
        told.add(error.actor.uuid);
      } else if (error instanceof SupervisorFailed) {
        if (!mayHaveGivenUp(record, group)) return `its supervisor had no reason to give up: ${showError(error)}`;
      } else if (error instanceof RemoteActorError) {
        // A task whose caller had been interrupted failed all the same.
        if (this.#wasObeyed(error)) return `it threw what a task only obeyed: ${showError(error)}`;
        if (record.asked.some((one) => failedLate(one, group) && failureOf(one.plan) === error.remote.message))
          continue;
        const member = [...group.members, ...group.supervised].find(({ name }) => name === error.path[0]?.name);
        const why = member === undefined ? "of no actor of its own" : this.#explain(error, { member, seq: Infinity });
        if (why !== undefined) return `it threw ${showError(error)}: ${why}`;
      } else if (error instanceof Error && error.name === "Thrown") {
        if (
          !record.done.some(
            (harm) =>
              harm.plan.on === group.name && harm.plan.kind === "throw in body" && harmText(harm) === error.message,
          )
        )
          return `nobody threw ${showError(error)}`;
      } else if (error instanceof Cancelled && group.plan.form === "with") {
        const why = this.#explainCancelled(error, { seq: Infinity }, group);
        if (why !== undefined) return why;
      } else return `it threw ${showError(error)}`;
    }
    const silent = group.members.filter(({ fails, exit, id, start }) => {
      if (!fails || exit === undefined || id === undefined || told.has(id.uuid)) return false;
      if (start?.outcome === undefined || "error" in start.outcome) return false;
      const { kind, code, signal } = exit.exit;
      return (
        kind === "failed" || (kind === "exited" && code !== 0) || (kind === "signalled" && !MILD.includes(signal ?? ""))
      );
    });
    if (silent.length > 0) return `it did not throw the death of ${silent.map(({ name }) => name).join(", ")}`;
    return undefined;
  }

  #supervisor(group: Group): string | undefined {
    const outcome = group.supervisorOpened?.outcome;
    if (outcome === undefined || "value" in outcome) return undefined;
    const { error, seq } = outcome;
    if (this.#ended(group, seq) || hits.group(this.#record, group).length > 0) return undefined;
    const cause = error instanceof ChildStartFailed ? error.cause : error;
    return this.#explain(cause, { member: group.supervised[0], seq });
  }

  // Errors and their causes.

  #explain(error: unknown, of: Case): string | undefined {
    const record = this.#record;
    const { member, pool, asked, seq } = of;
    const group = member?.group ?? pool;
    const unexplained = `no harm explains ${showError(error)}`;
    if (error instanceof DeadlineExceeded)
      return asked?.plan.deadline !== undefined && error.deadline === asked.plan.deadline ? undefined : unexplained;
    if (error instanceof Cancelled) return this.#explainCancelled(error, of, group);
    if (error instanceof ActorDied) return this.#explainDeath(error, of);
    if (error instanceof RemoteActorError) return this.#explainRemote(error, of);
    if (group === undefined) return unexplained;
    if (error instanceof NurseryClosed)
      return this.#ended(group, seq) || this.#groupHits(group, seq).length > 0 ? undefined : unexplained;
    if (error instanceof StartFailed) return this.#explainStart(error, of) ? undefined : unexplained;
    if (error instanceof PoolClosed)
      return pool !== undefined && (this.#ended(group, seq) || hits.pool(record, pool).some((harm) => harm.seq < seq))
        ? undefined
        : unexplained;
    if (error instanceof Restarted)
      return member?.supervised === true && hits.member(record, member).some((harm) => harm.seq < seq)
        ? undefined
        : unexplained;
    if (error instanceof SupervisorFailed) return mayHaveGivenUp(record, group) ? undefined : unexplained;
    if (error instanceof SupervisorClosed)
      return this.#ended(group, seq) || hits.supervisor(record, group).length > 0 || mayHaveGivenUp(record, group)
        ? undefined
        : unexplained;
    return unexplained;
  }

  /** Killed while it was being started, or what was to fork it was. */
  #explainStart(error: { readonly actor?: ActorId } | undefined, { seq }: Case): boolean {
    return this.#record.done.some(
      (harm) =>
        harm.seq < seq &&
        (harm.plan.kind === "kill template" ||
          (harm.plan.kind === "kill any process" && (isWild(this.#record, harm) || harm.pid === error?.actor?.pid))),
    );
  }

  #explainCancelled(
    error: Cancelled,
    { member, pool, asked, seq }: Case,
    group: Group | undefined,
  ): string | undefined {
    const { via, scope, reason, canceller } = error;
    const unexplained = `nobody cancelled that: ${showError(error)} (${scope}, via ${via}, reason ${flatReason(reason)})`;
    if (canceller.uuid !== this.#host) return `cancelled by somebody else than this host: ${showError(error)}`;
    if (via === "signal")
      return asked?.boundSeq !== undefined && reason === abortOf(asked.plan) ? undefined : unexplained;
    if (scope === "context" && asked?.boundSeq !== undefined && reason === leaveOf(asked.plan)) return undefined;
    return this.#explainReason(flatReason(reason), { member, pool, seq }, group) ? undefined : unexplained;
  }

  /** Whether an end that somebody asked for, for this reason, was asked for. */
  #explainReason(reason: string, { member, pool, seq }: Case, group: Group | undefined): boolean {
    const record = this.#record;
    const causes = (
      member !== undefined
        ? hits.member(record, member)
        : pool !== undefined
          ? hits.pool(record, pool)
          : group === undefined
            ? []
            : hits.group(record, group)
    ).filter((harm) => harm.seq < seq);
    if (/^harm \d+$/.test(reason))
      return causes.some((harm) => REQUESTS.includes(harm.plan.kind) && harmText(harm) === reason);
    if (reason === "") {
      if (group !== undefined && this.#ended(group, seq)) return true;
      // A kill has no reason either, nor has the end of one that is deaf.
      return causes.some(({ plan: { kind } }) => CLOSINGS.includes(kind) || kind === "kill") || this.#deafens(member);
    }
    // Another one's death or failure, which this one's nursery or supervisor answers.
    if (/^(ActorDied|SupervisorFailed|StartFailed|ChildStartFailed|RemoteActorError): /.test(reason))
      return causes.length > 0;
    return record.asked.some((one) => failedLate(one, group) && reason === `RangeError: ${failureOf(one.plan)}`);
  }

  /** Told when it was still wanted, of an actor that could reach whoever it is told to, with an exit that has its own cause. */
  #explainDeath(error: ActorDied, of: Case): string | undefined {
    const exit = flatExit(error.exit);
    if (of.pool !== undefined && of.member === undefined && error.actor.name.startsWith(of.pool.plan.pool?.name ?? "?"))
      return this.#explainExit(exit, of);
    const dead = this.#memberOf(error.actor, of.member?.group ?? of.pool);
    if (dead === undefined) return `it names an actor that nobody knows: ${showError(error)}`;
    const sibling = dead.fails && dead.group === (of.member?.group ?? of.pool) && dead.above === undefined;
    if (!sibling && of.member?.line.includes(dead) !== true)
      return `it names an actor that has nothing to do with it: ${showError(error)}`;
    if (!dead.supervised && error.exit !== dead.rawExit)
      return `it has another exit than the actor: ${show(exit)} for ${show(dead.exit?.exit)}`;
    return this.#explainExit(exit, { ...of, member: dead });
  }

  #explainRemote(error: RemoteActorError, of: Case): string | undefined {
    const { remote } = error;
    const { asked, member, seq } = of;
    const unexplained = `no harm explains ${showError(error)}`;
    if (remote.name === "RangeError")
      return (asked !== undefined && mustFail(asked.plan) && remote.message === failureOf(asked.plan)) ||
        this.#record.asked.some(
          (one) => failedLate(one, member?.group ?? of.pool) && remote.message === failureOf(one.plan),
        )
        ? undefined
        : unexplained;
    const { actor: told, exit, reason } = remote.fields as { actor?: ActorId; exit?: Exit; reason?: unknown };
    const subject = told === undefined ? undefined : this.#memberOf(told, member?.group);
    // Of the actors that it has grown, or of those that lead to the one that was asked, with all that share their nurseries.
    const concerned =
      subject !== undefined &&
      member !== undefined &&
      (subject.line.includes(member) || member.line.some((one) => one.level.includes(subject)));
    switch (remote.name) {
      case "ActorDied":
        if (!concerned || exit === undefined) return unexplained;
        return this.#explainExit(flatExit(exit), { member: subject, seq });
      case "Cancelled": {
        // A cancel of all that was grown names none of them.
        const reached = told === undefined ? withBelow(member) : concerned ? [subject] : [];
        return reached.some(
          (one) =>
            this.#explainReason(flatReason(reason), { member: one, seq }, one.group) ||
            (!flatReason(reason).startsWith("harm ") && hits.member(this.#record, one).some((harm) => harm.seq < seq)),
        )
          ? undefined
          : unexplained;
      }
      case "StartFailed":
        return this.#explainStart({ ...(told === undefined ? {} : { actor: told }) }, of) ? undefined : unexplained;
      case "NurseryClosed":
        return member !== undefined &&
          member.below.some((one) => hits.member(this.#record, one).some((harm) => harm.seq < seq))
          ? undefined
          : unexplained;
      default:
        return unexplained;
    }
  }

  #explainExit(exit: FlatExit, of: Case): string | undefined {
    const { member, pool, seq } = of;
    const record = this.#record;
    const group = member?.group ?? pool!;
    const before = (harm: Done): boolean => harm.seq < seq;
    const all = (member === undefined ? hits.pool(record, pool!) : hits.member(record, member)).filter(before);
    const own = all.filter((harm) =>
      member === undefined
        ? harm.plan.on === pool?.plan.pool?.name || isWild(record, harm)
        : isDirect(record, harm, member),
    );
    const by = (kinds: readonly string[], also: (harm: Done) => boolean = () => true): boolean =>
      own.some((harm) => kinds.includes(harm.plan.kind) && also(harm));
    const asked = all.length > own.length || by(["cancel"]) || this.#ended(group, seq);
    const found = ((): boolean => {
      switch (exit.kind) {
        case "cancelled":
          return (
            this.#explainReason(exit.reason ?? "", { member, pool, seq }, group) ||
            (member?.above !== undefined && asked)
          );
        case "killed":
          return by(["kill"]) || this.#deafens(member) || (pool !== undefined && by(["kill", "cancel pool"]));
        case "signalled":
          // A stopped process whose parent ends is told so by the kernel, which ends it.
          if (exit.signal === "SIGHUP") return by(["SIGSTOP"]) && record.templates.size > 0;
          return exit.signal === "SIGKILL" && by(["SIGKILL", "kill any process"]);
        case "exited":
          if (by(["leave"], ({ plan }) => codeOf(plan.id) === exit.code)) return true;
          // Its last words wait behind what it was sending, or where its channel stalls, and it leaves without them.
          if (exit.code === 1 && (this.#pours(member) || own.some(({ plan }) => isChannelHarm(plan.kind))))
            return by(["uncaught"]);
          // Whoever writes into a channel that is gone leaves without having read the torn frame.
          // So does who is cancelled where its acknowledgement stalls.
          if (exit.code === 0 && asked && by(["stall host"])) return true;
          if (exit.code === 0) return by(["cut", "cut host", "cut actor", "tear host", "tear actor"]);
          return exit.code === 76 && by(["corrupt actor", "tear actor"]);
        case "failed": {
          const [name, message] = exit.error ?? ["", ""];
          if (name === "Harmed") return by(["uncaught"], (harm) => harmText(harm) === message);
          if (name === "InvalidMessage")
            return own.some(({ plan: { kind } }) => kind === "babble" || isChannelHarm(kind));
          if (name === "CpuLimitExceeded") return by(["loop", "hoard"]) && member?.plan.limits?.cpu !== undefined;
          return name === "MemoryLimitExceeded" && by(["hoard"]);
        }
        case "lost":
          // Its template was to tell.
          return (
            own.length > 0 &&
            record.done.some((harm) => before(harm) && (harm.plan.kind === "kill template" || isWild(record, harm)))
          );
        default:
          return false;
      }
    })();
    return found ? undefined : `no harm explains the exit ${show(exit)}`;
  }

  /** Something keeps it, or one above it, from hearing its cancel. */
  #deafens(member: Member | undefined): boolean {
    return member !== undefined && member.line.some(({ plan }) => plan.deaf);
  }

  /** Whether it is no more than this host's own end of the task. Of another task than the cancelled one it is a failure all the same. */
  #wasObeyed({ remote, cause }: RemoteActorError): boolean {
    if (remote.name === "NurseryClosed") return cause instanceof RemoteActorError && cause.remote.name === "Cancelled";
    if (remote.name !== "Cancelled") return false;
    const { canceller, reason } = remote.fields as { canceller?: ActorId; reason?: unknown };
    const fell = this.#record.done.some((harm) => harm.plan.kind === "fell" && harmText(harm) === flatReason(reason));
    return canceller?.uuid === this.#host && !fell;
  }

  /** Whether somebody has had it send more than its channel holds. */
  #pours(member: Member | undefined): boolean {
    return this.#record.asked.some((one) => one.plan.kind === "pour" && one.member === member);
  }

  /** Whether its nursery had been asked to end by then. */
  #ended(group: Group, seq: number): boolean {
    const { endSeq, done } = this.#record;
    return (
      (endSeq !== undefined && endSeq < seq) ||
      done.some((harm) => harm.seq < seq && harm.plan.on === group.name && CLOSINGS.includes(harm.plan.kind))
    );
  }

  #groupHits(group: Group, seq: number): Done[] {
    return hits.group(this.#record, group).filter((harm) => harm.seq < seq);
  }

  #memberOf({ name, uuid }: ActorId, group: Group | undefined): Member | undefined {
    const found = this.#record.members.find((one) => one.name === name);
    if (found === undefined || (group !== undefined && found.group !== group)) return undefined;
    return found.supervised || found.id === undefined || found.id.uuid === uuid ? found : undefined;
  }
}

function withBelow(member: Member | undefined): Member[] {
  return member === undefined ? [] : [member, ...member.below.flatMap(withBelow)];
}
