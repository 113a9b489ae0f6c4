// What one round of chaos does, all of it drawn from one seed before anything happens: trees of actors, what is asked of them, the harm that
// comes to them, and when. Times are ms from the beginning of the round.
import type { RestartType, SpawnMethod, Strategy } from "brood";
import { LIVE } from "#brood/testing/methods.js";
import { Random } from "../harness/random.js";

/** An actor in a tree. */
export interface MemberPlan {
  readonly name: string;
  /** Actors above it. */
  readonly depth: number;
  readonly method: SpawnMethod;
  readonly onDeath: "fail" | "report";
  /** Forked of a template that has loaded its module. */
  readonly preload: boolean;
  readonly at: number;
  /** When its start is aborted, if it is not over by then. */
  readonly abortStart: number | undefined;
  /** Something keeps it from hearing its cancel: it has short bounds. */
  deaf: boolean;
  limits: { cpu?: number; memory?: string } | undefined;
  /** Its channel can be broken. */
  breakable: boolean;
  /** A nursery of its own. */
  readonly below: LevelPlan | undefined;
  /** Under a supervisor. */
  readonly restart: RestartType | undefined;
}

export interface LevelPlan {
  readonly onDeath: "fail" | "report";
  readonly members: readonly MemberPlan[];
}

export interface SupervisorPlan {
  readonly name: string;
  readonly strategy: Strategy;
  readonly intensity: number;
  readonly members: readonly MemberPlan[];
}

export interface PoolPlan {
  readonly name: string;
  readonly method: SpawnMethod;
  readonly preload: boolean;
  readonly size: number;
  readonly concurrency: number;
}

/** A nursery of the host, with all in it. */
export interface GroupPlan {
  readonly name: string;
  /** `with`: around a body, by withNursery. */
  readonly form: "open" | "with";
  readonly members: readonly MemberPlan[];
  readonly supervisor: SupervisorPlan | undefined;
  readonly pool: PoolPlan | undefined;
}

/** Calls and contexts; those of `ENDLESS` never have an answer. */
export type AskKind =
  | "add"
  | "slow"
  | "fail"
  | "heed"
  | "ignore"
  | "echo"
  | "count"
  | "pour"
  | "endless"
  | "linger"
  | "deafen"
  | "stumble";

export const ENDLESS: readonly AskKind[] = ["heed", "ignore", "endless", "linger", "deafen"];
export const CALLS: readonly AskKind[] = ["add", "slow", "fail", "heed", "ignore"];

export interface AskPlan {
  readonly id: number;
  readonly at: number;
  /** The name of a member or a pool. */
  readonly on: string;
  readonly kind: AskKind;
  /** How long, how often or what, as the kind has it. */
  readonly amount: number;
  readonly deadline: number | undefined;
  /** How long after it began its signal aborts, or its context is cancelled. */
  readonly abort: number | undefined;
  readonly cancel: number | undefined;
}

/** What comes to one actor. */
export type MemberHarm =
  | "kill"
  | "cancel"
  | "uncaught"
  | "leave"
  | "loop"
  | "hoard"
  | "babble"
  | "SIGKILL"
  | "SIGSTOP"
  /** All that it has grown is cancelled. */
  | "fell"
  | ChannelHarm;
export type ChannelHarm =
  | "cut"
  | "cut host"
  | "cut actor"
  | "corrupt host"
  | "corrupt actor"
  | "tear host"
  | "tear actor"
  | "stall host"
  | "stall actor";
export type GroupHarm = "cancel nursery" | "close nursery" | "throw in body";
export type OtherHarm = "cancel supervisor" | "cancel pool" | "kill template" | "kill any process";
export type HarmKind = MemberHarm | GroupHarm | OtherHarm;

export interface HarmPlan {
  readonly id: number;
  readonly at: number;
  readonly kind: HarmKind;
  /** The name of a member, group, supervisor or pool; "" for none. */
  readonly on: string;
  /** Which of several processes: 0 to 1. */
  readonly which: number;
}

export interface Plan {
  readonly seed: number;
  readonly groups: readonly GroupPlan[];
  readonly asks: readonly AskPlan[];
  readonly harms: readonly HarmPlan[];
  /** Whether what can settle is waited for before the end, which then comes to nobody in the middle of anything. */
  readonly settles: boolean;
  /** When the end begins, where nothing is waited for. */
  readonly end: number;
}

/** After so many ms the last harm has begun. */
const SPAN = 120;

/** How likely a start is of a method: processes cost much more time. */
const WEIGHTS: Readonly<Record<SpawnMethod, number>> = { wasm: 4, forkserver: 5, main_thread_forkserver: 6, exec: 1 };
/** The same further down, where a process that forks has a template of its own to start. */
const BELOW: Readonly<Record<SpawnMethod, number>> = { wasm: 8, forkserver: 1, main_thread_forkserver: 2, exec: 1 };

/** All of a round. @param methods those that this program has */
export function drawPlan(seed: number, methods: readonly SpawnMethod[]): Plan {
  return new Drawing(new Random(seed), methods).plan(seed);
}

class Drawing {
  readonly #random: Random;
  readonly #methods: readonly SpawnMethod[];
  #names = 0;

  constructor(random: Random, methods: readonly SpawnMethod[]) {
    this.#random = random;
    this.#methods = methods;
  }

  plan(seed: number): Plan {
    const random = this.#random;
    const groups = Array.from({ length: random.chance(0.3) ? 2 : 1 }, (_, index) => this.#group(`nursery-${index}`));
    const harms = Array.from({ length: random.between(1, 4) }, (_, id) => this.#harm(id, groups));
    const asks = this.#asks(groups);
    return {
      seed,
      groups,
      asks,
      harms: harms.flatMap((harm) => harm ?? []),
      settles: random.chance(0.7),
      end: random.between(5, SPAN),
    };
  }

  #group(name: string): GroupPlan {
    const random = this.#random;
    const kind = random.weigh({ plain: 6, supervisor: 2, pool: 2 });
    const pooled = this.#method(WEIGHTS);
    return {
      name,
      form: random.chance(0.3) ? "with" : "open",
      members: Array.from({ length: random.between(kind === "plain" ? 1 : 0, 3) }, () => this.#member(0)),
      supervisor:
        kind === "supervisor"
          ? {
              name: `${name}-supervisor`,
              strategy: random.pick(["one_for_one", "one_for_all", "rest_for_one"]),
              intensity: random.chance(0.8) ? 10 : 1,
              members: Array.from({ length: random.between(1, 3) }, () => this.#member(0, true)),
            }
          : undefined,
      pool:
        kind === "pool"
          ? {
              name: `${name}-pool`,
              method: pooled,
              preload: pooled === "forkserver",
              size: random.between(1, 3),
              concurrency: random.between(1, 2),
            }
          : undefined,
    };
  }

  /** @param methods those that its parent has */
  #member(depth: number, supervised = false, methods = this.#methods): MemberPlan {
    const random = this.#random;
    const method = this.#method(depth === 0 ? WEIGHTS : BELOW, methods);
    // This program can be forked, and what is forked of it; a guest has what its host has.
    const lower = method === "wasm" || method === LIVE ? methods : methods.filter((one) => one !== LIVE);
    const grows = !supervised && depth < 2 && random.chance(depth === 0 ? 0.35 : 0.2);
    return {
      name: `actor-${this.#names++}`,
      depth,
      method,
      onDeath: random.chance(0.4) ? "fail" : "report",
      preload: method === "forkserver" && depth === 0 && random.chance(0.8),
      at: depth === 0 && !supervised && random.chance(0.3) ? random.between(1, 40) : 0,
      abortStart: depth === 0 && !supervised && random.chance(0.06) ? random.between(0, 40) : undefined,
      deaf: false,
      limits: undefined,
      breakable: false,
      below: grows
        ? {
            onDeath: random.chance(0.4) ? "fail" : "report",
            members: Array.from({ length: random.between(1, 2) }, () => this.#member(depth + 1, false, lower)),
          }
        : undefined,
      restart: supervised ? random.pick(["permanent", "transient", "temporary"] as const) : undefined,
    };
  }

  #method(weights: Readonly<Record<SpawnMethod, number>>, methods = this.#methods): SpawnMethod {
    return this.#random.weigh(Object.fromEntries(methods.map((method) => [method, weights[method]]))) as SpawnMethod;
  }

  #harm(id: number, groups: readonly GroupPlan[]): HarmPlan | undefined {
    const random = this.#random;
    const at = random.between(0, SPAN);
    const which = random.next();
    const made = (kind: HarmKind, on: string): HarmPlan => ({ id, at, kind, on, which });
    const group = random.pick(groups);
    const where = random.weigh({
      member: 14,
      group: 2,
      template: this.#methods.includes("forkserver") ? 0.5 : 0,
      any: 1.5,
      supervisor: group.supervisor === undefined ? 0 : 1,
      pool: group.pool === undefined ? 0 : 5,
    });
    switch (where) {
      case "template":
        return made("kill template", "");
      case "any":
        return made("kill any process", "");
      case "group":
        if (group.form === "with") return made(random.pick(["cancel nursery", "throw in body"]), group.name);
        return made(random.pick(["cancel nursery", "close nursery"]), group.name);
      case "supervisor":
        return made("cancel supervisor", group.supervisor?.name ?? "");
      case "pool": {
        const isProcess = group.pool?.method !== "wasm";
        const kind = random.weigh({
          kill: 2,
          uncaught: 2,
          leave: isProcess ? 2 : 0,
          SIGKILL: isProcess ? 3 : 0,
          "cancel pool": 1,
        });
        return made(kind, group.pool?.name ?? "");
      }
      case "member": {
        const all = allMembers([group]);
        if (all.length === 0) return undefined;
        const member = random.pick(all);
        return made(this.#memberHarm(member), member.name);
      }
    }
  }

  #memberHarm(member: MemberPlan): MemberHarm {
    const isProcess = member.method !== "wasm";
    const top = member.depth === 0 && member.restart === undefined;
    const held = member.depth === 0 ? 2 : 0;
    const alone = top && member.below === undefined;
    const kind = this.#random.weigh<MemberHarm>({
      kill: held,
      cancel: held,
      uncaught: 2,
      leave: isProcess ? 2 : 0,
      SIGKILL: isProcess ? 6 : 0,
      SIGSTOP: isProcess && member.restart === undefined ? 2 : 0,
      // One with a template of its own has that one's socket before its channel.
      babble: isProcess && member.below === undefined ? 1 : 0,
      loop: member.restart !== undefined ? 0 : isProcess ? 1 : alone ? 2 : 0,
      hoard: !isProcess && alone ? 1 : 0,
      fell: member.depth === 0 && member.below !== undefined ? 3 : 0,
      cut: isProcess && top ? 1 : 0,
      "cut host": isProcess && top ? 0.5 : 0,
      "cut actor": isProcess && top ? 0.5 : 0,
      "corrupt host": isProcess && top ? 1 : 0,
      "corrupt actor": isProcess && top ? 1 : 0,
      "tear host": isProcess && top ? 1 : 0,
      "tear actor": isProcess && top ? 1 : 0,
      "stall host": isProcess && top ? 0.5 : 0,
      "stall actor": isProcess && top ? 0.5 : 0,
    });
    if (isChannelHarm(kind)) member.breakable = true;
    if (["SIGSTOP", "loop", "stall host", "stall actor", "cut host", "cut actor"].includes(kind)) member.deaf = true;
    // A guest that loops is ended by its limit, or not at all.
    if (kind === "loop" && !isProcess && this.#random.chance(0.6)) {
      member.limits = { ...member.limits, cpu: 60 };
    }
    if (kind === "hoard") member.limits = { ...member.limits, memory: "24MiB" };
    return kind;
  }

  #asks(groups: readonly GroupPlan[]): AskPlan[] {
    const random = this.#random;
    const asks: AskPlan[] = [];
    const ask = (on: string, kind: AskKind): void => {
      const bounded = random.weigh({ none: 5, deadline: 2, abort: 2, cancel: CALLS.includes(kind) ? 0 : 2 });
      const after = random.between(1, 60);
      asks.push({
        id: asks.length,
        at: random.between(0, SPAN),
        on,
        kind,
        amount: random.between(1, 30),
        deadline: bounded === "deadline" ? after : undefined,
        abort: bounded === "abort" ? after : undefined,
        cancel: bounded === "cancel" ? after : undefined,
      });
    };
    for (const member of allMembers(groups)) {
      for (let left = random.between(0, 4); left > 0; left--) {
        const kind = random.weigh<AskKind>({
          add: 3,
          slow: 3,
          fail: 1,
          heed: 2,
          ignore: member.restart === undefined && member.below === undefined ? 0.5 : 0,
          ...(member.depth > 0 ? {} : { echo: 3, count: 2, pour: 2, endless: 1, linger: 2, deafen: 1, stumble: 1 }),
        });
        if (kind === "ignore") member.deaf = true;
        ask(member.name, kind);
      }
    }
    for (const { pool } of groups) {
      if (pool === undefined) continue;
      for (let left = random.between(2, 10); left > 0; left--)
        ask(pool.name, random.weigh<AskKind>({ add: 4, slow: 4, fail: 1 }));
    }
    return asks;
  }
}

export function isChannelHarm(kind: HarmKind): kind is ChannelHarm {
  return /^(cut|corrupt|tear|stall)/.test(kind);
}

/** All actors of these groups but those of pools. */
export function allMembers(groups: readonly GroupPlan[]): MemberPlan[] {
  const withBelow = (member: MemberPlan): MemberPlan[] => [member, ...(member.below?.members ?? []).flatMap(withBelow)];
  return groups.flatMap(({ members, supervisor }) => [...members, ...(supervisor?.members ?? [])].flatMap(withBelow));
}
