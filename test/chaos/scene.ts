// Plays one plan: plants the trees, asks, does the harm, waits for what can settle, and ends all of it. It judges nothing, but for what can
// only be seen while it goes on: that whoever was spared answers, and that supervisors and pools have made good what they lost.
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import {
  actor,
  openNursery,
  openSupervisor,
  pool,
  withNursery,
  type Nursery,
  type ProcessOptions,
  type StartOptions,
} from "brood";
import { ChannelBreaker, type BreakableChannel } from "brood/testing";
import type { Family } from "./family.js";
import { METHODS } from "#brood/testing/methods.js";
import { isTemplate } from "#brood/testing/processes.js";
import { livingTemplates } from "#brood/spawn/templates.js";
import type { Fallen, Grown, Level } from "../actors/chaos.js";
import { abortOf, askDirectly, askThrough, isFinite, leaveOf, relayed } from "./asks.js";
import { codeOf, comesBack, harmText, hits, isWild, mayHaveGivenUp, mustEnd } from "./judge.js";
import { isChannelHarm, type AskPlan, type HarmPlan, type MemberPlan } from "./plan.js";
import {
  showError,
  type AnyPortal,
  type Done,
  type Group,
  type Member,
  type Promised,
  type RoundRecord,
} from "./record.js";

/** Whatever brood is asked for has settled after so many ms, on any machine. */
export const BOUND = 10_000;
/** What it has for what it is asked while nothing is wrong with it. */
const PATIENCE = 8_000;
/** Of those that hear their cancel: never used up. */
const ROOM = { cancelTimeout: 6_000 };
/** Of those that do not. */
const LADDER = { cancelTimeout: 100, killTimeout: 100 };
const START_TIMEOUT = 8_000;

const chaos = actor<typeof import("../actors/chaos.js")>(new URL("../actors/chaos.js", import.meta.url));

export class Scene {
  readonly record: RoundRecord;
  readonly #family: Family;
  readonly #breaker: ChannelBreaker | undefined;
  readonly #channels = new Map<Member, BreakableChannel>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  /** What goes on by itself: it ends with the round. */
  readonly #doings: Promise<void>[] = [];
  /** Starts whose channel the breaker makes go one after the other: it gives the next one. */
  #breaking: Promise<unknown> = Promise.resolve();

  constructor(record: RoundRecord, family: Family) {
    this.record = record;
    this.#family = family;
    this.#breaker = record.members.some(({ plan }) => plan.breakable) ? new ChannelBreaker() : undefined;
  }

  /** Resolves when everything is over, or names what is not. */
  async play(): Promise<void> {
    const { record } = this;
    try {
      for (const group of record.groups) this.#doings.push(this.#open(group));
      for (const ask of record.plan.asks) this.#later(ask.at, () => this.#ask(ask));
      for (const harm of record.plan.harms) this.#later(harm.at, () => this.#harm(harm));
      if (record.plan.settles) {
        await this.#settle();
        await this.#probe();
      } else await sleep(record.plan.end);
      await this.#end();
    } finally {
      for (const timer of this.#timers) clearTimeout(timer);
      this.#breaker?.remove();
    }
  }

  #later(ms: number, then: () => Promise<void>): void {
    let over!: () => void;
    this.#doings.push(new Promise((resolve) => (over = resolve)));
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void then()
        .catch((error: unknown) => void this.record.complaints.push(`the round itself failed: ${showError(error)}`))
        .then(over);
    }, ms);
    this.#timers.add(timer);
  }

  // Planting.

  async #open(group: Group): Promise<void> {
    const { record } = this;
    const { plan } = group;
    const options = { name: plan.name, startTimeout: START_TIMEOUT, onDeath: "report" } as const;
    record.note(`${plan.name} opens`);
    if (plan.form === "open") this.#plant(group, await openNursery(options));
    else
      await new Promise<void>((isOpen) => {
        const body = async (nursery: Nursery): Promise<void> => {
          const over = new Promise<void>((resolve, reject) => {
            group.endBody = resolve;
            group.failBody = reject;
            nursery.signal.addEventListener("abort", () => reject(nursery.signal.reason));
          });
          this.#plant(group, nursery);
          isOpen();
          await over;
        };
        group.endings.push(record.promise(`withNursery of ${plan.name}`, withNursery(body, options)));
      });
  }

  #plant(group: Group, nursery: Nursery): void {
    group.nursery = nursery;
    for (const member of group.members) member.ready = this.#start(member, nursery);
    if (group.plan.supervisor !== undefined) {
      const ready = this.#supervise(group, nursery);
      for (const member of group.supervised) member.ready = ready;
    }
    if (group.plan.pool !== undefined) {
      const { name, size, concurrency, ...how } = group.plan.pool;
      const all = { name, size, concurrency, nursery, startTimeout: START_TIMEOUT, stdio: "ignore" } as const;
      group.pool = pool(chaos, { ...all, ...optionsOf(how) } as never);
    }
  }

  async #start(member: Member, nursery: Nursery): Promise<void> {
    const { record } = this;
    const { plan } = member;
    let grown!: (what: Promise<void>) => void;
    const growing = new Promise<void>((resolve) => (grown = resolve));
    for (const one of withBelow(member.below))
      one.ready = Promise.race([growing, ...one.line.map(({ deafened }) => deafened)]);
    if (plan.at > 0) await sleep(plan.at);
    const controller = new AbortController();
    if (plan.abortStart !== undefined) {
      const timer = setTimeout(() => controller.abort(`start of ${plan.name}`), plan.abortStart);
      void this.#timers.add(timer);
    }
    const options = { ...startOptions(plan), signal: controller.signal, stdio: "ignore" } as StartOptions;
    const begin = (): Promise<AnyPortal> => nursery.start(chaos, options) as Promise<AnyPortal>;
    record.note(`start of ${plan.name} by ${plan.method}`);
    const starting = plan.breakable ? this.#startBroken(member, begin) : begin();
    member.start = record.promise(
      `start of ${plan.name}`,
      starting.then((portal) => {
        record.follow(member, portal);
        return { spawnMethod: portal.spawnMethod, pid: portal.id.pid };
      }),
    );
    grown(member.start.settled.then(() => this.#grow(member)));
    await member.start.settled;
  }

  /** With a relay in its channel. */
  #startBroken(member: Member, begin: () => Promise<AnyPortal>): Promise<AnyPortal> {
    const started = this.#breaking.then(async () => {
      // In a turn in which nobody else has started anything.
      await turn();
      const coming = (this.#breaker as ChannelBreaker).next();
      void coming.then((channel) => this.#channels.set(member, channel));
      return begin();
    });
    this.#breaking = started.catch(() => {});
    return started;
  }

  /** Those below, by the actor itself. */
  async #grow(member: Member): Promise<void> {
    const { portal } = member;
    const { below } = member.plan;
    if (portal === undefined || below === undefined) return;
    const { record } = this;
    record.note(
      `${member.name} grows ${withBelow(member.below)
        .map(({ name, plan }) => `${name} by ${plan.method}`)
        .join(", ")}`,
    );
    const level: Level = levelOf(below);
    let isOpen!: () => void;
    const opened = new Promise<void>((resolve) => (isOpen = resolve));
    const growth = async (): Promise<unknown> => {
      const context = await portal.open("grow", level);
      member.growth = context;
      const grown = context.startedValue as Grown[];
      for (const { name, id } of grown) record.members.find((one) => one.name === name)?.is(id);
      record.note(
        `${member.name} has grown ${grown.map(({ name, id }) => `${name} (${id.pid ?? "guest"})`).join(", ")}`,
      );
      isOpen();
      for await (const { name, exit } of context.stream as AsyncIterable<Fallen>) record.fallen(name, exit);
      return context.result();
    };
    const promised = record.promise(`growth of ${member.name}`, growth());
    record.growths.push({ member, promised });
    await Promise.race([opened, promised.settled]);
  }

  async #supervise(group: Group, nursery: Nursery): Promise<void> {
    const { record } = this;
    const { name, strategy, intensity, members } = group.plan.supervisor!;
    record.note(
      `${name} opens: ${strategy}, intensity ${intensity}, ${members.map((one) => `${one.name} ${one.restart} by ${one.method}`).join(", ")}`,
    );
    const children = members.map((plan) => ({
      id: plan.name,
      what: chaos,
      restart: plan.restart,
      options: { ...optionsOf(plan), ...boundsOf(plan), startTimeout: START_TIMEOUT, stdio: "ignore" },
    }));
    const options = { nursery, name, strategy, intensity, period: 60_000, backoff: { initial: 0 }, children };
    group.supervisorOpened = record.promise(
      `opening of ${name}`,
      openSupervisor(options as never).then((supervisor) => {
        group.supervisor = supervisor;
        for (const member of group.supervised) this.#incarnation(group, member);
      }),
    );
    await group.supervisorOpened.settled;
  }

  /** The newest portal on a supervised actor; undefined of a temporary one that was forgotten. */
  #incarnation(group: Group, member: Member): AnyPortal | undefined {
    const { supervisor } = group;
    if (supervisor?.whichChildren().some(({ id }) => id === member.name) !== true) return undefined;
    const portal = supervisor.child(member.name) as AnyPortal;
    if (portal.id.uuid !== member.id?.uuid) this.record.follow(member, portal);
    return portal;
  }

  // Asking.

  async #ask(plan: AskPlan): Promise<void> {
    const { record } = this;
    const group = record.groups.find((one) => one.plan.pool?.name === plan.on);
    const member = record.members.find(({ name }) => name === plan.on);
    await member?.ready;
    const top = member?.line[0];
    let portal = top?.portal;
    if (member?.supervised === true) portal = this.#incarnation(member.group, member);
    if (member !== undefined && (portal === undefined || member.id === undefined)) return;
    const controller = new AbortController();
    const bounds = {
      ...(plan.deadline === undefined ? {} : { deadline: plan.deadline }),
      ...(plan.abort === undefined ? {} : { signal: controller.signal }),
    };
    record.note(`ask ${plan.id}: ${plan.kind} ${plan.amount} of ${plan.on} ${JSON.stringify(bounds)}`);
    const answer =
      group !== undefined
        ? askDirectly((group.pool as unknown as AnyPortal).with(bounds), plan, () => {})
        : member!.above !== undefined
          ? relayed(portal!.with(bounds), member!, plan)
          : askDirectly(portal!.with(bounds), plan, (context) => {
              if (plan.cancel === undefined) return;
              const timer = setTimeout(() => {
                asked.boundSeq = record.note(`ask ${plan.id}: its context is cancelled`);
                record.certain.push(record.promise(`cancel of ask ${plan.id}`, context.cancel(leaveOf(plan))));
              }, plan.cancel);
              this.#timers.add(timer);
              void asked.promised.settled.then(() => clearTimeout(timer));
            });
    const asked = {
      plan,
      member,
      pool: group,
      promised: record.promise(`ask ${plan.id}`, answer),
      boundSeq: undefined as number | undefined,
    };
    record.asked.push(asked);
    if (plan.abort === undefined) return;
    const timer = setTimeout(() => {
      asked.boundSeq = record.note(`ask ${plan.id}: its signal aborts`);
      controller.abort(abortOf(plan));
    }, plan.abort);
    this.#timers.add(timer);
    void asked.promised.settled.then(() => clearTimeout(timer));
  }

  // Harm.

  async #harm(plan: HarmPlan): Promise<void> {
    const { record } = this;
    const { kind, on } = plan;
    const member = record.members.find(({ name }) => name === on);
    const group = record.groups.find(
      ({ name, plan: one }) => name === on || one.supervisor?.name === on || one.pool?.name === on,
    );
    await member?.ready;
    const done = (what: What = {}): Promised | undefined => {
      const { pid, promised, victim = member?.above === undefined ? member?.portal : undefined } = what;
      const seq = record.note(`harm ${plan.id}: ${kind} ${on}${pid === undefined ? "" : ` (${pid})`}`);
      // What it brings about comes behind it.
      const entry = { plan, seq, member, group, pid, victim, promised: undefined as Promised | undefined };
      record.done.push(entry);
      if (promised !== undefined) entry.promised = record.promise(`harm ${plan.id}`, promised());
      return entry.promised;
    };
    if (member !== undefined) return this.#harmMember(member, plan, done);
    switch (kind) {
      case "cancel nursery":
        record.certain.push(done({ promised: () => group!.nursery!.cancel(harmText({ plan })) })!);
        return;
      case "close nursery":
        group!.endings.push(done({ promised: () => group!.nursery!.close() })!);
        return;
      case "throw in body":
        done();
        group!.failBody!(new Thrown(harmText({ plan })));
        return;
      case "cancel supervisor":
        if (group!.supervisor !== undefined)
          record.certain.push(done({ promised: () => group!.supervisor!.cancel(harmText({ plan })) })!);
        return;
      case "cancel pool":
        record.certain.push(done({ promised: () => group!.pool!.cancel(harmText({ plan })) })!);
        return;
      case "kill template": {
        const pid = livingTemplates().find((one) => one.life.status === "ready")?.pid;
        if (pid === undefined) return;
        record.templates.add(pid);
        done({ pid });
        this.#signal(pid, "SIGKILL");
        return;
      }
      case "kill any process": {
        const all = this.#family.living();
        const victim = all[Math.floor(plan.which * all.length)];
        if (victim === undefined) return;
        const { pid } = victim;
        if (victim.ppid === process.pid && isTemplate(victim)) record.templates.add(pid);
        done({ pid });
        this.#signal(pid, "SIGKILL");
        return;
      }
      default:
        return this.#harmPool(group!, plan, done);
    }
  }

  async #harmMember(member: Member, plan: HarmPlan, done: (what?: What) => Promised | undefined): Promise<void> {
    const { record } = this;
    const { kind } = plan;
    const top = member.line[0]!;
    const portal = member.supervised ? this.#incarnation(member.group, member) : top.portal;
    if (portal === undefined || member.id === undefined) return;
    const through = (endpoint: string, ...args: unknown[]): Promise<unknown> =>
      askThrough(portal, member, endpoint, args);
    if (isChannelHarm(kind)) {
      const channel = this.#channels.get(member);
      if (channel === undefined || !(await isOf(channel, portal))) return;
      done();
      const [how, end] = kind.split(" ") as ["cut" | "corrupt" | "tear" | "stall", "host" | "actor" | undefined];
      if (how === "cut") channel.cut(end === undefined ? undefined : [end]);
      else channel.breakAt({ to: end!, at: () => true, how });
      member.deafen();
      // So that a frame goes either way.
      if (how !== "cut") record.promise(`probe of ${member.name}`, portal.call("add", 1, 1));
      return;
    }
    switch (kind) {
      case "kill":
        record.certain.push(done({ promised: () => portal.kill() })!);
        return;
      case "cancel":
        record.certain.push(done({ promised: () => portal.cancel(harmText({ plan })) })!);
        return;
      case "fell":
        if (member.growth !== undefined)
          record.certain.push(done({ promised: () => member.growth!.cancel(harmText({ plan })) })!);
        return;
      case "SIGKILL":
      case "SIGSTOP": {
        const pid = member.id.pid;
        if (pid === undefined || member.exit !== undefined) return;
        done({ pid });
        this.#signal(pid, kind);
        member.deafen();
        return;
      }
      case "uncaught":
        done({ promised: () => through("uncaught", harmText({ plan })) });
        return;
      case "leave":
        done({ promised: () => through("leave", codeOf(plan.id)) });
        return;
      default:
        done({ promised: () => through(kind) });
        member.deafen();
    }
  }

  async #harmPool(group: Group, plan: HarmPlan, done: (what?: What) => Promised | undefined): Promise<void> {
    const workers = group.pool;
    if (workers === undefined) return;
    const call = workers as unknown as AnyPortal;
    const children = workers.children;
    const victim = children[Math.floor(plan.which * children.length)];
    switch (plan.kind) {
      case "uncaught":
        done({ promised: () => call.call("uncaught", harmText({ plan })) });
        return;
      case "leave":
        done({ promised: () => call.call("leave", codeOf(plan.id)) });
        return;
      case "kill":
        if (victim !== undefined) this.record.certain.push(done({ promised: () => victim.kill(), victim })!);
        return;
      case "SIGKILL":
        if (victim?.id.pid === undefined) return;
        done({ pid: victim.id.pid, victim });
        this.#signal(victim.id.pid, "SIGKILL");
        return;
      default:
        throw new Error(`no such harm to a pool: ${plan.kind}`);
    }
  }

  /** To a process of this tree, and to no other that has its number by now. */
  #signal(pid: number, signal: "SIGKILL" | "SIGSTOP"): void {
    if (!this.#family.living().some((one) => one.pid === pid)) return;
    try {
      process.kill(pid, signal);
    } catch {
      // It ended meanwhile.
    }
  }

  // Settling.

  /** Waits for all that does not wait for the end. */
  async #settle(): Promise<void> {
    const { record } = this;
    await this.#soon("what was begun", this.#doings);
    await this.#soon(
      "starts",
      record.members.map((member) => member.ready),
    );
    for (const harm of record.done.filter((one) => mustEnd(record, one))) {
      const what = `the end of ${harm.plan.on} by harm ${harm.plan.id}`;
      await this.#soon(what, [harm.victim?.exited ?? harm.promised?.settled ?? Promise.resolve()]);
    }
    // Whom it was that was killed among all processes is known by now.
    const struck = record.members.flatMap(({ portal }) =>
      portal !== undefined && record.done.some((harm) => isKillOfAny(harm) && harm.pid === portal.id.pid)
        ? [portal.exited]
        : [],
    );
    await this.#soon("the ends of those that were killed", struck);
    const answered = record.asked.filter(
      ({ plan, member, pool: group }) =>
        isFinite(plan) &&
        (member === undefined
          ? hits.pool(record, group!).length === 0
          : hits.member(record, member).length === 0 && !member.line.some((one) => one.plan.deaf)),
    );
    await this.#soon(
      `asks ${answered.map(({ plan }) => plan.id).join(", ")}`,
      answered.map(({ promised }) => promised.settled),
    );
  }

  /** Whoever nothing has reached answers, and what is watched over is there again. */
  async #probe(): Promise<void> {
    const { record } = this;
    const probes: Promise<void>[] = [];
    const probe = (what: string, work: () => Promise<unknown>): void => {
      probes.push(
        this.#soon(what, [
          work().then(
            (sum) => {
              if (sum !== 3) record.complaints.push(`${what}: answers ${String(sum)} for 1 + 2`);
            },
            (error: unknown) => void record.complaints.push(`${what}: ${showError(error)}`),
          ),
        ]),
      );
    };
    for (const member of record.members) {
      if (member.supervised || member.id === undefined) continue;
      if (hits.member(record, member).length > 0 || member.line.some((one) => one.plan.deaf)) continue;
      probe(`${member.name}, which nothing has reached`, () =>
        askThrough(member.line[0]!.portal!, member, "add", [1, 2]),
      );
    }
    for (const group of record.groups) {
      // Which of them was hit is not known.
      if (hits.group(record, group).length > 0 || record.done.some((harm) => isWild(record, harm))) continue;
      const { supervisor } = group;
      if (supervisor !== undefined && !mayHaveGivenUp(record, group) && hits.supervisor(record, group).length === 0) {
        for (const member of group.supervised) {
          if (!comesBack(record, member)) continue;
          probe(`${member.name}, which is supervised`, async () => {
            const portal = await supervisor.waitForChild(member.name, { deadline: PATIENCE });
            this.#incarnation(group, member);
            return (portal as AnyPortal).call("add", 1, 2);
          });
        }
      }
      if (group.pool !== undefined && !hits.pool(record, group).some(({ plan }) => plan.kind === "cancel pool"))
        probe(`the pool of ${group.name}`, () => (group.pool as unknown as AnyPortal).call("add", 1, 2));
    }
    await Promise.all(probes);
  }

  async #end(): Promise<void> {
    const { record } = this;
    record.endSeq = record.note("the end");
    for (const group of record.groups) {
      if (group.nursery === undefined) continue;
      if (group.plan.form === "with") group.endBody?.();
      else group.endings.push(record.promise(`close of ${group.name}`, group.nursery.close()));
    }
    await this.#soon(
      "the end of the nurseries",
      record.groups.flatMap(({ endings }) => endings.map((one) => one.settled)),
      BOUND,
    );
    // What was planned for later comes to nobody any more, but may have begun.
    await this.#soon("what was begun", this.#doings, BOUND);
    const settled = (): readonly Promised[] => record.promised.filter(({ outcome }) => outcome === undefined);
    await this.#soon(
      "everything that was promised",
      settled().map((one) => one.settled),
      BOUND,
      () =>
        settled()
          .map(({ what }) => what)
          .join(", "),
    );
  }

  /** Waits, and tells where that takes too long; what then is still not over is told at the end. */
  async #soon(what: string, work: readonly Promise<unknown>[], ms = PATIENCE, left = (): string => ""): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.record.note(`waited ${ms} ms for ${what}`);
        this.record.complaints.push(`${what}: not over within ${ms} ms: ${left()}`);
        resolve();
      }, ms);
    });
    await Promise.race([Promise.allSettled(work), late]);
    clearTimeout(timer);
  }
}

/** What a body is made to throw. */
export class Thrown extends Error {
  override readonly name = "Thrown";
}

/** A message of so many bytes is sent by nobody else. */
const TOKEN = "x".repeat(4_321);

/** Whether a relay stands in the channel of this very actor: a start that had to wait for its template has left it to another one. */
async function isOf(channel: BreakableChannel, portal: AnyPortal): Promise<boolean> {
  const sent = portal.call("slow", 0, TOKEN).catch(() => {});
  await Promise.race([sent, sleep(200)]);
  return channel.frames("actor").some(({ length }) => length > TOKEN.length && length < TOKEN.length + 200);
}

/** A process was killed, whosever it was. */
const isKillOfAny = ({ plan }: Done): boolean => plan.kind === "kill any process";

interface What {
  readonly pid?: number;
  readonly promised?: () => Promise<unknown>;
  readonly victim?: AnyPortal;
}

const withBelow = (members: readonly Member[]): Member[] => members.flatMap((one) => [one, ...withBelow(one.below)]);

/** What belongs to the method. */
function optionsOf({ method, preload, limits }: Pick<MemberPlan, "method" | "preload"> & Partial<MemberPlan>): object {
  if (method !== "wasm") return { spawn: method, ...(preload ? { preload } : {}) };
  return {
    spawn: method,
    grants: { actors: METHODS },
    ...(limits === undefined ? {} : { limits }),
  };
}

function boundsOf({ deaf, method }: MemberPlan): Pick<ProcessOptions, "cancelTimeout" | "killTimeout"> {
  const { killTimeout, ...rest } = LADDER;
  if (!deaf) return ROOM;
  return method === "wasm" ? rest : { ...rest, killTimeout };
}

const startOptions = (plan: MemberPlan): object => ({
  name: plan.name,
  onDeath: plan.onDeath,
  ...optionsOf(plan),
  ...boundsOf(plan),
});

const levelOf = ({ onDeath, members }: NonNullable<MemberPlan["below"]>): Level => ({
  onDeath,
  actors: members.map((plan) => ({
    name: plan.name,
    options: { ...optionsOf(plan), ...boundsOf(plan), startTimeout: START_TIMEOUT },
    below: plan.below === undefined ? undefined : levelOf(plan.below),
  })),
});
