// What happened in one round, in order: who there was, what was asked and what became of it, what harm was done. The judge knows nothing
// but this.
import type { ActorId, Context, Exit, Nursery, Pool, Portal, Supervisor } from "brood";
import { flatExit, type FlatExit } from "./exit.js";
import type { AskPlan, GroupPlan, HarmPlan, LevelPlan, MemberPlan, Plan } from "./plan.js";

export type AnyPortal = Portal<any>;

/** How a promise settled, and when. */
export type Outcome = { readonly seq: number } & ({ readonly value: unknown } | { readonly error: unknown });

/** A promise that brood gave. */
export interface Promised {
  readonly what: string;
  readonly seq: number;
  outcome: Outcome | undefined;
  readonly settled: Promise<unknown>;
}

/** A place in a tree, and the actor in it. */
export class Member {
  readonly plan: MemberPlan;
  readonly group: Group;
  readonly above: Member | undefined;
  readonly below: readonly Member[];
  /** Settles when its start has, either way; of one that another actor starts, when all of that level are there. */
  ready!: Promise<void>;
  /** Tells that it hears nothing any more, for whoever waits for what it would do. */
  deafen!: () => void;
  readonly deafened = new Promise<void>((resolve) => (this.deafen = resolve));
  /** Of the host's own. */
  portal: AnyPortal | undefined;
  /** Its newest under a supervisor. */
  id: ActorId | undefined;
  /** Every process that it has been. */
  readonly pids = new Set<number>();
  exit: { readonly seq: number; readonly exit: FlatExit } | undefined;
  /** As the host was told. */
  rawExit: Exit | undefined;
  start: Promised | undefined;
  /** The context in which it has grown those below. */
  growth: Context<any, unknown> | undefined;

  constructor(plan: MemberPlan, group: Group, above: Member | undefined) {
    this.plan = plan;
    this.group = group;
    this.above = above;
    this.below = (plan.below?.members ?? []).map((one) => new Member(one, group, this));
  }

  get name(): string {
    return this.plan.name;
  }
  get isProcess(): boolean {
    return this.plan.method !== "wasm";
  }
  get supervised(): boolean {
    return this.plan.restart !== undefined;
  }
  /** From the top down to this one. */
  get line(): readonly Member[] {
    return this.above === undefined ? [this] : [...this.above.line, this];
  }
  /** Who shares a nursery with it. */
  get level(): readonly Member[] {
    if (this.above !== undefined) return this.above.below;
    return this.group.members;
  }
  get levelPlan(): LevelPlan | undefined {
    return this.above?.plan.below;
  }
  /** Whether its unasked death fails its nursery. */
  get fails(): boolean {
    return (this.levelPlan ?? this.plan).onDeath === "fail";
  }

  is(id: ActorId): void {
    this.id = id;
    if (id.pid !== undefined) this.pids.add(id.pid);
  }
}

/** One nursery of the host. */
export class Group {
  readonly plan: GroupPlan;
  readonly members: readonly Member[];
  readonly supervised: readonly Member[];
  nursery: Nursery | undefined;
  supervisor: Supervisor | undefined;
  supervisorOpened: Promised | undefined;
  pool: Pool<any> | undefined;
  poolPids = new Set<number>();
  /** Ends its body, where it has one. */
  endBody: (() => void) | undefined;
  failBody: ((error: Error) => void) | undefined;
  /** Whatever ends it and may throw its failure. */
  readonly endings: Promised[] = [];

  constructor(plan: GroupPlan) {
    this.plan = plan;
    this.members = plan.members.map((one) => new Member(one, this, undefined));
    this.supervised = (plan.supervisor?.members ?? []).map((one) => new Member(one, this, undefined));
  }

  get name(): string {
    return this.plan.name;
  }
}

/** An ask, and whom it was put to. */
export interface Asked {
  readonly plan: AskPlan;
  readonly member: Member | undefined;
  readonly pool: Group | undefined;
  readonly promised: Promised;
  /** When its signal aborted, or its context was cancelled. */
  boundSeq: number | undefined;
}

/** Harm that was done. */
export interface Done {
  readonly plan: HarmPlan;
  readonly seq: number;
  readonly member: Member | undefined;
  readonly group: Group | undefined;
  /** The process that was killed. */
  readonly pid: number | undefined;
  /** Of the host's own: the actor as it was then. */
  readonly victim: AnyPortal | undefined;
  readonly promised: Promised | undefined;
}

export class RoundRecord {
  readonly plan: Plan;
  readonly groups: readonly Group[];
  readonly asked: Asked[] = [];
  readonly done: Done[] = [];
  /** Contexts that have grown levels, and how they ended. */
  readonly growths: { readonly member: Member; readonly promised: Promised }[] = [];
  /** Promises that must not reject. */
  readonly certain: Promised[] = [];
  /** What was found wrong while the round went on. */
  readonly complaints: string[] = [];
  /** Templates of the host that were killed. */
  readonly templates = new Set<number>();
  endSeq: number | undefined;
  readonly #since = performance.now();
  readonly #lines: string[] = [];
  #seq = 0;

  constructor(plan: Plan) {
    this.plan = plan;
    this.groups = plan.groups.map((one) => new Group(one));
  }

  get members(): Member[] {
    const withBelow = (member: Member): Member[] => [member, ...member.below.flatMap(withBelow)];
    return this.groups.flatMap(({ members, supervised }) => [...members, ...supervised].flatMap(withBelow));
  }

  /** Notes what happened; the later, the higher its number. */
  note(text: string): number {
    this.#lines.push(`${(performance.now() - this.#since).toFixed(0).padStart(6)} ms  ${text}`);
    return ++this.#seq;
  }

  get log(): string {
    return this.#lines.join("\n");
  }

  /** Follows a promise to its end, which is then nobody else's to handle. */
  promise(what: string, promise: Promise<unknown>): Promised {
    const promised: Promised = {
      what,
      seq: this.#seq,
      outcome: undefined,
      settled: promise.then(
        (value) => {
          promised.outcome = { seq: this.note(`${what}: ${show(value)}`), value };
        },
        (error: unknown) => {
          promised.outcome = { seq: this.note(`${what}: rejected: ${showError(error)}`), error };
        },
      ),
    };
    this.#all.push(promised);
    return promised;
  }

  readonly #all: Promised[] = [];

  /** All that was ever promised. */
  get promised(): readonly Promised[] {
    return this.#all;
  }

  /** A portal of the host's own on a member, for as long as that actor lives. */
  follow(member: Member, portal: AnyPortal): void {
    member.portal = portal;
    member.is(portal.id);
    this.promise(
      `exit of ${member.name}`,
      portal.exited.then((exit) => {
        if (member.portal === portal || !member.supervised) {
          member.rawExit = exit;
          // Behind what was noted last, and before what will be next.
          member.exit = { seq: this.#seq + 0.5, exit: flatExit(exit) };
        }
        return flatExit(exit);
      }),
    );
  }

  /** The end of an actor further down, as one above it has told. */
  fallen(name: string, exit: FlatExit): void {
    const member = this.members.find((one) => one.name === name);
    if (member === undefined)
      return void this.complaints.push(`the end of ${name} was told, and there is no such actor`);
    const seq = this.note(`exit of ${name}, told from above: ${show(exit)}`);
    member.exit = { seq, exit };
  }
}

export function show(value: unknown): string {
  if (value === undefined) return "done";
  try {
    const text = JSON.stringify(value) ?? String(value);
    return text.length > 200 ? `${text.slice(0, 200)}...` : text;
  } catch {
    return Object.prototype.toString.call(value);
  }
}

export function showError(error: unknown): string {
  if (error instanceof AggregateError) return `AggregateError of ${error.errors.map(showError).join("; ")}`;
  return error instanceof Error ? `${error.name}: ${error.message.split("\n")[0]}` : show(error);
}
