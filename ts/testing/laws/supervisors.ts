// Section 14: supervisors.
import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import type { OutputLine, Portal } from "../../context/surface.js";
import type { Exit } from "../../errors/exit.js";
import {
  ActorDied,
  Cancelled,
  DeadlineExceeded,
  InvalidOption,
  NurseryClosed,
  StartFailed,
} from "../../errors/kinds.js";
import { isRemote } from "../../errors/remote.js";
import { ChildStartFailed, Restarted, SupervisorClosed, SupervisorFailed } from "../../errors/supervision.js";
import { openNursery } from "../../nursery/open.js";
import { actor, source } from "../../nursery/source.js";
import { openSupervisor } from "../../supervisor/open.js";
import type { ActorChild, Supervisor } from "../../supervisor/surface.js";
import type { Strategy } from "../../supervisor/strategy.js";
import { bounded } from "../bounded.js";
import { rejection, until } from "../gate.js";
import { section, type LawEnv, type LawMore } from "../law.js";
import { assertGone, assertLeft } from "../left.js";
import { Notes } from "../notes.js";
import { isAlive } from "../processes.js";

const member = actor<typeof import("../actors/member.js")>(new URL("../actors/member.js", import.meta.url));
const unready = actor<typeof import("../actors/unready.js")>(new URL("../actors/unready.js", import.meta.url));
const worker = actor<typeof import("../actors/worker.js")>(new URL("../actors/worker.js", import.meta.url));
const overseer = actor<typeof import("../actors/overseer.js")>(new URL("../actors/overseer.js", import.meta.url));

type Member = Portal<(typeof import("../actors/member.js"))["default"]["endpoints"]>;

export const supervisors = section(14);
const law = bounded(supervisors);

/** A child under the method of the law. */
function child<Id extends string>(
  env: LawEnv,
  id: Id,
  more: Omit<ActorChild, "id" | "what" | "options"> = {},
  options: LawMore = {},
): { readonly id: Id; readonly what: typeof member } & Omit<ActorChild, "id" | "what"> {
  return { id, what: member, ...more, options: env.options(id, options) as NonNullable<ActorChild["options"]> };
}

/** Children a, b, and so on, that note their ups and downs. */
const noting = (env: LawEnv, notes: Notes, ids = "abcd", more: Omit<ActorChild, "id" | "what" | "options"> = {}) =>
  [...ids].map((id) => child(env, id, more, { stdio: notes.hear }));

/** Ends when the law does, whatever came before. */
function closing<S extends { cancel(): Promise<void> }>(env: LawEnv, scope: S): S {
  env.defer(() => scope.cancel());
  return scope;
}

const at = (supervisor: Supervisor, id: string): Member => supervisor.child(id) as unknown as Member;
const up = (supervisor: Supervisor, id: string): Promise<Member> =>
  supervisor.waitForChild(id) as Promise<unknown> as Promise<Member>;
const uuids = (supervisor: Supervisor): (string | undefined)[] =>
  supervisor.whichChildren().map((info) => info.actor?.uuid);
const statuses = (supervisor: Supervisor): string[] =>
  supervisor.whichChildren().map(({ id, status }) => `${id} ${status}`);

/** What is published as `brood:restart` while the law runs. */
interface RestartEvent {
  readonly actor: { readonly uuid: string } | undefined;
  readonly path: string | undefined;
  readonly supervisor: string;
  readonly child: string;
  readonly exit: Exit;
  readonly attempt: number;
}
function restartsOf(env: LawEnv): RestartEvent[] {
  const events: RestartEvent[] = [];
  const hear = (event: unknown): void => void events.push(event as RestartEvent);
  channel("brood:restart").subscribe(hear);
  env.defer(() => channel("brood:restart").unsubscribe(hear));
  return events;
}

law(
  "Children start in order, each when the one before is up, and stop in reverse, one after the other",
  async (env) => {
    const notes = new Notes();
    const supervisor = closing(env, await openSupervisor({ name: "crew", children: noting(env, notes) }));
    assert.deepEqual(notes.words, ["up a", "up b", "up c", "up d"]);
    assert.equal(supervisor.status, "running");
    assert.deepEqual(statuses(supervisor), ["a running", "b running", "c running", "d running"]);
    assert.deepEqual(supervisor.countChildren(), { specs: 4, active: 4, supervisors: 0, actors: 4 });
    assert.equal(await at(supervisor, "b").call("name"), "b");
    const last = at(supervisor, "a");
    notes.clear();
    await supervisor.close();
    assert.deepEqual(notes.words, ["down d", "down c", "down b", "down a"]);
    assert.equal(supervisor.status, "ended");
    assertGone(env, last.id);
    assert.ok((await rejection(supervisor.startChild(child(env, "e")))) instanceof SupervisorClosed);
    assert.ok((await rejection(supervisor.waitForChild("a"))) instanceof SupervisorClosed);
    assert.ok((await rejection(last.call("add", 1, 2))) instanceof ActorDied);
  },
);

const SETS: Record<Strategy, { readonly noted: string[]; readonly fresh: string }> = {
  one_for_one: { noted: ["up b"], fresh: "b" },
  one_for_all: { noted: ["down d", "down c", "down a", "up a", "up b", "up c", "up d"], fresh: "abcd" },
  rest_for_one: { noted: ["down d", "down c", "up b", "up c", "up d"], fresh: "bcd" },
};
for (const strategy of ["one_for_one", "one_for_all", "rest_for_one"] as const) {
  law(`${strategy} restarts exactly its set, in start order after a reverse stop`, async (env) => {
    const notes = new Notes();
    const supervisor = closing(env, await openSupervisor({ strategy, children: noting(env, notes) }));
    const before = uuids(supervisor);
    for (const id of "abcd") await at(supervisor, id).call("count");
    notes.clear();
    await at(supervisor, "b").kill();
    const { noted, fresh } = SETS[strategy];
    for (const id of fresh) await up(supervisor, id);
    assert.deepEqual(notes.words, noted);
    const after = uuids(supervisor);
    assert.deepEqual(
      after.map((uuid, index) => uuid !== before[index]),
      [..."abcd"].map((id) => fresh.includes(id)),
    );
    // Who was not restarted has what it had; who was begins anew.
    for (const id of "abcd") assert.equal(await at(supervisor, id).call("count"), fresh.includes(id) ? 1 : 2, id);
    assert.deepEqual(statuses(supervisor), ["a running", "b running", "c running", "d running"]);
  });
}

law("A child that fails while others are stopped or started for a restart makes that begin anew", async (env) => {
  const notes = new Notes();
  const supervisor = closing(
    env,
    await openSupervisor({ strategy: "rest_for_one", children: noting(env, notes, "abc") }),
  );
  notes.clear();
  // a fails while c is restarted: in the turn in which its start has begun.
  const [a, c] = ["a", "c"].map((id) => at(supervisor, id)) as [Member, Member];
  await c.kill();
  await until("c starts", () => supervisor.whichChildren()[2]?.status !== "stopped");
  await a.kill();
  for (const id of "abc") await up(supervisor, id);
  assert.deepEqual(notes.words.slice(-3), ["up a", "up b", "up c"]);
  assert.equal(notes.words.filter((word) => word === "up b").length, 1);
  assert.deepEqual(statuses(supervisor), ["a running", "b running", "c running"]);
});

law(
  "A permanent child always comes back, a transient one after an abnormal exit, a temporary one never",
  async (env) => {
    const supervisor = closing(
      env,
      await openSupervisor({
        intensity: 100,
        children: (["permanent", "transient", "temporary"] as const).map((restart) => child(env, restart, { restart })),
      }),
    );
    const ways: [string, boolean, (portal: Member) => Promise<unknown>][] = [
      ["a kill", false, (portal) => portal.kill()],
      ["a crash", false, (portal) => rejection(portal.call("leave", 3))],
      ["a cancel", true, (portal) => portal.cancel("enough")],
    ];
    if (env.has("process")) ways.push(["exit code 0", true, (portal) => rejection(portal.call("leave", 0))]);
    for (const [name, normal, way] of ways) {
      for (const restart of ["permanent", "transient", "temporary"]) {
        const portal = at(supervisor, restart);
        await way(portal);
        const exit = await portal.exited;
        const back = restart === "permanent" || (restart === "transient" && !normal);
        const ids = supervisor.whichChildren().map(({ id }) => id);
        if (back) {
          assert.notEqual((await up(supervisor, restart)).id.uuid, portal.id.uuid, `${name} of ${restart}`);
        } else if (restart === "transient") {
          // It is known, and can be started again by hand.
          assert.equal(supervisor.whichChildren()[1]?.status, "stopped", name);
          const died = await rejection(supervisor.waitForChild(restart));
          assert.ok(died instanceof ActorDied);
          assert.equal(died.exit, exit);
          await supervisor.restartChild(restart);
        } else {
          assert.ok(!ids.includes("temporary"), `${name}: it is forgotten`);
          assert.throws(() => supervisor.child("temporary"), InvalidOption);
          await supervisor.startChild(child(env, "temporary", { restart: "temporary" }));
        }
      }
    }
    assert.equal(supervisor.status, "running");
  },
);

law(
  "Normal exits are quiet: nobody else is restarted, nothing is published, and the scope ends without an error",
  async (env) => {
    const notes = new Notes();
    const events = restartsOf(env);
    const deaths: unknown[] = [];
    const hear = (event: unknown): void => void deaths.push(event);
    channel("brood:death").subscribe(hear);
    env.defer(() => channel("brood:death").unsubscribe(hear));
    const supervisor = closing(
      env,
      await openSupervisor({
        strategy: "one_for_all",
        intensity: 0,
        children: noting(env, notes, "abc", { restart: "transient" }),
      }),
    );
    notes.clear();
    await at(supervisor, "b").cancel();
    await at(supervisor, "a").cancel();
    assert.equal(await at(supervisor, "c").call("count"), 1);
    assert.deepEqual(notes.words, ["down b", "down a"]);
    assert.deepEqual(statuses(supervisor), ["a stopped", "b stopped", "c running"]);
    assert.equal(supervisor.status, "running");
    await supervisor.close();
    assert.deepEqual([events, deaths], [[], []]);
  },
);

law(
  "Past the intensity the supervisor fails with every child failure, once the others are stopped in reverse",
  async (env) => {
    const notes = new Notes();
    const nursery = closing(env, await openNursery());
    const supervisor = await openSupervisor({
      nursery,
      name: "crew",
      intensity: 2,
      period: 60_000,
      backoff: { initial: 0 },
      children: noting(env, notes),
    });
    const bystander = await nursery.start(worker, env.options("bystander"));
    const before = Date.now();
    for (const [index, id] of ["a", "a", "b"].entries()) {
      const [portal] = await Promise.all([up(supervisor, id), up(supervisor, "a")]);
      notes.clear();
      const died = await rejection(portal.call("leave", 10 + index));
      assert.ok(died instanceof ActorDied);
    }
    const failed = await rejection(supervisor.join());
    assert.ok(failed instanceof SupervisorFailed);
    // A guest that fails may have noted its own end.
    assert.deepEqual(notes.words.slice(-3), ["down d", "down c", "down a"]);
    assert.equal(failed.supervisor, "crew");
    assert.deepEqual([failed.intensity, failed.period], [2, 60_000]);
    assert.deepEqual(
      failed.failures.map(({ id }) => id),
      ["a", "a", "b"],
    );
    for (const [index, { exit, error, time }] of failed.failures.entries()) {
      assertLeft(env, exit as Exit, 10 + index);
      assert.ok(error instanceof ActorDied && error.exit === exit);
      assert.ok(time >= before && time <= Date.now());
      assert.equal(failed.errors[index], error);
    }
    assert.match(failed.message, /^supervisor failed: crew: it may restart 2 times within 60000 ms/);
    assert.match(failed.message, /last to fail was b: /);
    // Its nursery fails as by a death, with the same error.
    assert.equal(nursery.status, "ending");
    assert.equal(supervisor.signal.reason, failed);
    assert.equal(nursery.signal.reason, failed);
    assert.equal((await bystander.exited).kind, "cancelled");
    assert.equal(await rejection(supervisor.waitForChild("c")), failed);
    await supervisor.close();
    assert.equal(await rejection(nursery.close()), failed);
  },
);

law("One without a nursery throws its failure in one place, as a nursery does", async (env) => {
  const failing = async (): Promise<Supervisor> => {
    const supervisor: Supervisor = await openSupervisor({ intensity: 0, children: [child(env, "a")] });
    await at(supervisor, "a").kill();
    await until("it has ended", () => supervisor.status === "ended");
    return supervisor;
  };
  const closed = await failing();
  assert.ok((await rejection(closed.close())) instanceof SupervisorFailed);
  await closed.close();
  await closed[Symbol.asyncDispose]();
  const disposed = await failing();
  assert.ok((await rejection(Promise.resolve(disposed[Symbol.asyncDispose]()))) instanceof SupervisorFailed);
  await disposed[Symbol.asyncDispose]();
  const joined = await failing();
  assert.ok((await rejection(joined.join())) instanceof SupervisorFailed);
  await joined[Symbol.asyncDispose]();
  await joined.close();
  // Who has read why it ended has met the failure.
  const met = await failing();
  assert.ok(met.signal.reason instanceof SupervisorFailed);
  await met[Symbol.asyncDispose]();
});

law("A failed initial start stops those already up, in reverse, and rejects with child and cause", async (env) => {
  const notes = new Notes();
  const nursery = closing(env, await openNursery());
  for (const scope of [{}, { nursery }]) {
    notes.clear();
    const failed = await rejection(
      openSupervisor({
        ...scope,
        name: "crew",
        children: [
          ...noting(env, notes, "ab"),
          { ...child(env, "throws in setup", {}, { stdio: notes.hear }), what: unready },
          ...noting(env, notes, "d"),
        ],
      }),
    );
    assert.ok(failed instanceof ChildStartFailed);
    assert.deepEqual([failed.supervisor, failed.child], ["crew", "throws in setup"]);
    assert.ok(failed.cause instanceof StartFailed && isRemote(failed.cause.cause, "RangeError"));
    assert.match(failed.message, /^child not started: throws in setup of supervisor crew: start failed: /);
    assert.deepEqual(notes.words, ["up a", "up b", "in setup", "deferred", "down b", "down a"]);
    assertGone(env, failed.cause.actor);
  }
  // The nursery is as it was.
  assert.equal(nursery.status, "open");
  await nursery.close();
  assert.ok((await rejection(openSupervisor({ nursery }))) instanceof NurseryClosed);
});

law(
  "A supervisor whose nursery is cancelled while it starts stops what is up, and rejects with the cancel",
  async (env) => {
    const notes = new Notes();
    const nursery = await openNursery();
    const opening = rejection(
      openSupervisor({
        nursery,
        children: [
          ...noting(env, notes, "a"),
          { ...child(env, "hangs in setup", {}, { stdio: notes.hear }), what: unready },
        ],
      }),
    );
    await until("it hangs", () => notes.words.includes("in setup"));
    await nursery.cancel("enough");
    const error = await opening;
    assert.ok(error instanceof Cancelled && error.scope === "nursery");
    assert.equal(error.reason, "enough");
    assert.deepEqual(notes.words, ["up a", "in setup", "down a"]);
    await nursery.close();
  },
);

law("Children are added behind the others, restarted like them, and forgotten where they do not start", async (env) => {
  const notes = new Notes();
  const supervisor: Supervisor = closing(
    env,
    await openSupervisor({ strategy: "rest_for_one", children: noting(env, notes, "a") }),
  );
  const [b, c] = noting(env, notes, "bc") as [ReturnType<typeof child>, ReturnType<typeof child>];
  const first = await supervisor.startChild(b);
  assert.equal(await first.call("name"), "b");
  await supervisor.startChild(c);
  notes.clear();
  await first.kill();
  await up(supervisor, "c");
  assert.deepEqual(notes.words, ["down c", "up b", "up c"]);
  const failed = await rejection(
    supervisor.startChild({ ...child(env, "throws in setup", {}, { stdio: notes.hear }), what: unready }),
  );
  assert.ok(failed instanceof ChildStartFailed && failed.cause instanceof StartFailed);
  assert.deepEqual(statuses(supervisor), ["a running", "b running", "c running"]);
  const twice = await rejection(supervisor.startChild(b));
  assert.ok(twice instanceof InvalidOption && twice.option === "supervisor.startChild: id");
  const unknown = await rejection(supervisor.waitForChild("cc"));
  assert.ok(unknown instanceof InvalidOption);
  assert.match(unknown.message, /the id of a child: c, .* Did you mean c\?/);
  notes.clear();
  await supervisor.close();
  assert.deepEqual(notes.words, ["down c", "down b", "down a"]);
});

law("A child can be terminated, restarted and deleted, each where that has a meaning", async (env) => {
  const notes = new Notes();
  const supervisor: Supervisor = closing(
    env,
    await openSupervisor({ strategy: "one_for_all", children: noting(env, notes, "abc") }),
  );
  const events = restartsOf(env);
  notes.clear();
  const old = at(supervisor, "b");
  await supervisor.terminateChild("b");
  assert.deepEqual(statuses(supervisor), ["a running", "b stopped", "c running"]);
  assert.deepEqual(notes.words, ["down b"]);
  const exit = await old.exited;
  assert.equal(exit.kind, "cancelled");
  const died = await rejection(old.call("add", 1, 2));
  assert.ok(died instanceof ActorDied && died.exit === exit);
  // Twice is once.
  await supervisor.terminateChild("b");
  assert.deepEqual(supervisor.countChildren(), { specs: 3, active: 2, supervisors: 0, actors: 3 });

  const running = await rejection(supervisor.restartChild("a"));
  assert.ok(running instanceof InvalidOption);
  assert.match(running.accepted, /stopped; this one is running/);
  assert.throws(() => supervisor.deleteChild("a"), InvalidOption);

  const next = (await supervisor.restartChild("b")) as unknown as Member;
  assert.equal(await next.call("count"), 1);
  assert.equal(at(supervisor, "b"), next);
  // By hand is not by failure: nobody else was concerned.
  assert.deepEqual(notes.words, ["down b", "up b"]);
  assert.deepEqual(events, []);

  await supervisor.terminateChild("b");
  supervisor.deleteChild("b");
  assert.deepEqual(statuses(supervisor), ["a running", "c running"]);
  for (const gone of [supervisor.restartChild("b"), supervisor.terminateChild("b"), supervisor.waitForChild("b")])
    assert.ok((await rejection(gone)) instanceof InvalidOption);

  // A restart of all brings back who was terminated: it is as the others are then.
  await supervisor.terminateChild("a");
  await at(supervisor, "c").kill();
  await up(supervisor, "a");
  await up(supervisor, "c");
  assert.deepEqual(statuses(supervisor), ["a running", "c running"]);
});

law("A temporary child that is terminated, or stopped for a restart, is forgotten", async (env) => {
  const supervisor: Supervisor = closing(
    env,
    await openSupervisor({
      strategy: "one_for_all",
      children: [child(env, "a"), child(env, "b", { restart: "temporary" }), child(env, "c", { restart: "temporary" })],
    }),
  );
  await supervisor.terminateChild("b");
  assert.deepEqual(statuses(supervisor), ["a running", "c running"]);
  const { exited } = at(supervisor, "c");
  await at(supervisor, "a").kill();
  await up(supervisor, "a");
  assert.deepEqual(statuses(supervisor), ["a running"]);
  assert.equal((await exited).kind, "cancelled");
});

law("Terminating a child ends its restart, and whoever waits for it hears so", async (env) => {
  const supervisor: Supervisor = closing(
    env,
    await openSupervisor({ backoff: { initial: 1_000_000 }, children: [child(env, "a"), child(env, "b")] }),
  );
  await at(supervisor, "a").kill();
  const second = await up(supervisor, "a");
  await second.kill();
  assert.deepEqual(statuses(supervisor), ["a restarting", "b running"]);
  const waiting = rejection(supervisor.waitForChild("a"));
  assert.ok((await rejection(second.call("add", 1, 2))) instanceof Restarted);
  await supervisor.terminateChild("a");
  assert.deepEqual(statuses(supervisor), ["a stopped", "b running"]);
  const error = await waiting;
  assert.ok(error instanceof ActorDied && error.actor.uuid === second.id.uuid);
  // It is not restarted after all.
  assert.ok((await rejection(second.call("add", 1, 2))) instanceof ActorDied);
  await supervisor.restartChild("a");
  assert.equal(await at(supervisor, "a").call("count"), 1);
});

law("The end of any significant child, or of all, ends the supervisor, quietly", async (env) => {
  for (const autoShutdown of ["any_significant", "all_significant"] as const) {
    const notes = new Notes();
    const nursery = closing(env, await openNursery());
    const significant = { restart: "transient", significant: true } as const;
    const supervisor: Supervisor = await openSupervisor({
      nursery,
      autoShutdown,
      children: [
        ...noting(env, notes, "a"),
        ...noting(env, notes, "bc", significant),
        ...noting(env, notes, "d", { restart: "transient" }),
      ],
    });
    notes.clear();
    // Neither of these ends it: one is not significant, the other comes back, the third is stopped by hand.
    await at(supervisor, "d").cancel();
    await at(supervisor, "b").kill();
    await up(supervisor, "b");
    await supervisor.terminateChild("c");
    await supervisor.restartChild("c");
    assert.equal(supervisor.status, "running");
    notes.clear();
    await at(supervisor, "b").cancel();
    if (autoShutdown === "all_significant") {
      assert.equal(await at(supervisor, "c").call("count"), 1);
      assert.equal(supervisor.status, "running");
      await at(supervisor, "c").cancel();
      await supervisor.join();
      assert.deepEqual(notes.words, ["down b", "down c", "down a"]);
    } else {
      await supervisor.join();
      assert.deepEqual(notes.words, ["down b", "down c", "down a"]);
    }
    assert.equal(supervisor.status, "ended");
    assert.equal(supervisor.signal.aborted, false);
    // The nursery has nothing to wait for, and did not fail.
    assert.equal(nursery.status, "open");
    await nursery.join();
    await nursery.close();
  }
});

law(
  "A child is stopped as its shutdown says: killed at once, or by force when it does not acknowledge in time",
  async (env) => {
    const notes = new Notes();
    const supervisor: Supervisor = closing(
      env,
      await openSupervisor({
        children: [
          child(env, "killed", { shutdown: "kill" }, { stdio: notes.hear }),
          child(env, "deaf", { shutdown: 50 }, { stdio: notes.hear, killTimeout: 50 }),
          child(env, "polite", { shutdown: 10_000 }, { stdio: notes.hear }),
        ],
      }),
    );
    const exits = ["killed", "deaf", "polite"].map((id) => at(supervisor, id).exited);
    void at(supervisor, "deaf").call("loop");
    notes.clear();
    const from = performance.now();
    await supervisor.close();
    assert.ok(performance.now() - from < 3_000);
    assert.deepEqual(
      (await Promise.all(exits)).map(({ kind }) => kind),
      ["killed", "killed", "cancelled"],
    );
    assert.deepEqual(notes.words, ["down polite"]);
  },
);

law("When its nursery ends, a supervisor stops in reverse and restarts nothing, however it ends", async (env) => {
  for (const way of ["close", "cancel", "failure"] as const) {
    const notes = new Notes();
    const events = restartsOf(env);
    const nursery = closing(env, await openNursery());
    const supervisor: Supervisor = await openSupervisor({
      nursery,
      children: [
        child(env, "killed", { shutdown: "kill" }),
        ...noting(env, notes, "abc"),
        child(env, "also killed", { shutdown: "kill" }),
      ],
    });
    const pending = rejection(at(supervisor, "a").call("wait"));
    notes.clear();
    if (way === "close") await nursery.close();
    if (way === "cancel") await nursery.cancel("enough");
    if (way === "failure") {
      const bystander = await nursery.start(worker, env.options("bystander"));
      const died = await rejection(bystander.call("leave", 3));
      assert.equal(await pending, died);
      assert.equal(supervisor.signal.reason, died);
      assert.equal(await rejection(nursery.close()), died);
    } else assert.ok((await pending) instanceof Cancelled);
    assert.deepEqual(notes.words, ["down c", "down b", "down a"], way);
    assert.deepEqual([supervisor.status, nursery.status, events.length], ["ended", "ended", 0], way);
  }
});

law(
  "Ended while it waits to restart a child, or while it does, a supervisor ends at once and leaves nothing",
  async (env) => {
    // Waiting.
    const waiting: Supervisor = await openSupervisor({ backoff: { initial: 1_000_000 }, children: [child(env, "a")] });
    await at(waiting, "a").kill();
    await (await up(waiting, "a")).kill();
    const wait = rejection(waiting.waitForChild("a"));
    await waiting.cancel("enough");
    assert.ok((await wait) instanceof Cancelled);
    await waiting.close();
    // Starting.
    const starting: Supervisor = await openSupervisor({ children: [child(env, "a"), child(env, "b")] });
    await at(starting, "b").kill();
    await until("it starts", () => starting.whichChildren()[1]?.status !== "stopped");
    await starting.close();
    assert.deepEqual(statuses(starting), ["a stopped", "b stopped"]);
  },
);

law(
  "Portals to a restarted actor fail with Restarted, never silently reach the successor; waitForChild does",
  async (env) => {
    const supervisor: Supervisor = closing(
      env,
      await openSupervisor({ name: "crew", strategy: "one_for_all", children: [child(env, "a"), child(env, "b")] }),
    );
    const [a, b] = ["a", "b"].map((id) => at(supervisor, id)) as [Member, Member];
    await a.call("count");
    // What was under way says how it ended: it may have been carried out.
    const pending = rejection(a.call("wait"));
    const beside = rejection(b.call("wait"));
    const exit = await a.kill();
    const died = await pending;
    assert.ok(died instanceof ActorDied && died.exit === exit);
    // At once, while nobody is there yet.
    const early = await rejection(a.call("add", 1, 2));
    assert.ok(early instanceof Restarted);
    const next = await up(supervisor, "a");
    const cancelled = await beside;
    assert.ok(cancelled instanceof Cancelled && cancelled.reason instanceof ActorDied);
    await up(supervisor, "b");
    for (const [portal, id] of [
      [a, "a"],
      [a.with({ deadline: 1_000 }), "a"],
      [b, "b"],
    ] as [Member, string][]) {
      for (const asked of [portal.call("count"), portal.withContext("count" as never, [] as never, async () => {})]) {
        const error = await rejection(asked);
        assert.ok(error instanceof Restarted);
        assert.deepEqual([error.supervisor, error.child, error.path], ["crew", id, `/${id}`]);
        assert.equal(error.actor?.uuid, portal.id.uuid);
        assert.equal(error.exit, id === "a" ? exit : undefined);
        assert.match(error.message, new RegExp(`^restarted: ${id} \\(/${id}\\): .* waitForChild\\("${id}"\\)\\.$`));
      }
    }
    // Nothing of that was asked of the successor.
    assert.equal(at(supervisor, "a"), next);
    assert.equal(await next.call("count"), 1);
    assert.equal(await up(supervisor, "a"), next);
    await supervisor.close();
  },
);

law("waitForChild waits as long as it is told, and no longer", async (env) => {
  const supervisor: Supervisor = closing(
    env,
    await openSupervisor({ backoff: { initial: 1_000_000 }, children: [child(env, "a")] }),
  );
  await at(supervisor, "a").kill();
  await (await up(supervisor, "a")).kill();
  const late = await rejection(supervisor.waitForChild("a", { deadline: 20 }));
  assert.ok(late instanceof DeadlineExceeded);
  assert.deepEqual([late.path, late.endpoint, late.deadline], ["/a", "waitForChild", 20]);
  const controller = new AbortController();
  const waiting = rejection(supervisor.waitForChild("a", { signal: controller.signal }));
  controller.abort("enough");
  for (const aborted of [await waiting, await rejection(supervisor.waitForChild("a", { signal: controller.signal }))]) {
    assert.ok(aborted instanceof Cancelled);
    assert.deepEqual([aborted.scope, aborted.via, aborted.reason], ["call", "signal", "enough"]);
  }
});

law("A restart is published with how the actor ended, and each waits longer than the one before", async (env) => {
  const events = restartsOf(env);
  const supervisor: Supervisor = closing(
    env,
    await openSupervisor({
      name: "crew",
      intensity: 10,
      backoff: { initial: 60, factor: 2, max: 100 },
      children: [child(env, "a")],
    }),
  );
  const waits: number[] = [];
  const old: Member[] = [];
  for (let round = 0; round < 4; round++) {
    const portal = await up(supervisor, "a");
    old.push(portal);
    await portal.kill();
    const from = performance.now();
    await up(supervisor, "a");
    waits.push(performance.now() - from);
  }
  for (const [index, least] of [0, 60, 100, 100].entries())
    assert.ok((waits[index] as number) >= least - 1, `${waits.join(", ")} ms`);
  assert.deepEqual(
    events.map(({ path, supervisor: name, child: id, exit, attempt }) => [path, name, id, exit.kind, attempt]),
    [1, 2, 3, 4].map((attempt) => ["/a", "crew", "a", "killed", attempt]),
  );
  assert.deepEqual(
    events.map(({ actor: id }) => id?.uuid),
    old.map(({ id }) => id.uuid),
  );
});

law(
  "A restart that fails counts, and is tried again with all that its strategy says",
  async (env) => {
    const file = join(env.directory, "refuse");
    const notes = new Notes();
    const options = { stdio: notes.hear, env: { LAW_REFUSE: file } };
    const events = restartsOf(env);
    const supervisor: Supervisor = closing(
      env,
      await openSupervisor({
        strategy: "one_for_all",
        intensity: 3,
        period: 60_000,
        backoff: { initial: 0 },
        children: [...noting(env, notes, "a"), child(env, "b", {}, options)],
      }),
    );
    notes.clear();
    // Refused twice, then let in.
    writeFileSync(file, "");
    const count = (): void => {
      if (events.length === 3 && existsSync(file)) rmSync(file);
    };
    channel("brood:restart").subscribe(count);
    env.defer(() => channel("brood:restart").unsubscribe(count));
    await at(supervisor, "b").kill();
    await up(supervisor, "b");
    assert.deepEqual(notes.words, ["down a", "up a", "down a", "up a", "down a", "up a", "up b"]);
    assert.deepEqual(
      events.map(({ child: id, attempt }) => `${id} ${attempt}`),
      ["b 1", "b 2", "b 3"],
    );
    // And past the intensity they are failures like others.
    writeFileSync(file, "");
    await at(supervisor, "b").kill();
    const failed = await rejection(supervisor.close().then(() => supervisor.join()));
    assert.ok(failed instanceof Error);
  },
  { needs: ["process"], deadline: 40_000 },
);

law(
  "A supervisor that is a child starts, stops and fails as an actor does, and its parent restarts it",
  async (env) => {
    const notes = new Notes();
    const nursery = closing(env, await openNursery());
    const supervisor = await openSupervisor({
      nursery,
      name: "top",
      strategy: "rest_for_one",
      intensity: 1,
      children: [
        child(env, "a", {}, { stdio: notes.hear }),
        { id: "inner", supervisor: { intensity: 0, children: noting(env, notes, "xy") } },
        child(env, "z", {}, { stdio: notes.hear }),
      ],
    });
    assert.deepEqual(notes.words, ["up a", "up x", "up y", "up z"]);
    assert.deepEqual(supervisor.countChildren(), { specs: 3, active: 3, supervisors: 1, actors: 2 });
    const inner = supervisor.child("inner") as Supervisor;
    assert.equal(inner.name, "inner");
    const [x, y] = ["x", "y"].map((id) => at(inner, id)) as [Member, Member];
    notes.clear();
    const events = restartsOf(env);
    await x.kill();
    assert.ok((await rejection(inner.join())) instanceof SupervisorFailed);
    const next = (await supervisor.waitForChild("inner")) as Supervisor;
    await up(supervisor, "z");
    assert.notEqual(next, inner);
    assert.equal(supervisor.child("inner") as Supervisor, next);
    assert.deepEqual(notes.words, ["down y", "down z", "up x", "up y", "up z"]);
    assert.equal(await at(next, "x").call("count"), 1);
    assert.deepEqual(
      events.map(({ supervisor: name, child: id, exit }) => [name, id, exit.kind]),
      [["top", "inner", "failed"]],
    );
    const [event] = events as [RestartEvent];
    assert.ok(event.exit.kind === "failed" && event.exit.error instanceof SupervisorFailed);
    // What was reached through the old one is not reached through it again.
    for (const portal of [x, y]) assert.ok((await rejection(portal.call("count"))) instanceof Restarted);
    assert.ok((await rejection(inner.startChild(child(env, "w")))) instanceof Error);
    // Once more is once too often, for the parent too: its failure has that of the child.
    await at(next, "y").kill();
    const failed = await rejection(supervisor.join());
    assert.ok(failed instanceof SupervisorFailed && failed.supervisor === "top");
    assert.deepEqual(
      failed.errors.map((error) => (error instanceof SupervisorFailed ? error.failures.map(({ id }) => id) : error)),
      [["x"], ["y"]],
    );
    assert.equal(await rejection(nursery.close()), failed);
  },
);

law(
  "A child supervisor is stopped by its shutdown too, and one that fails to start is a child that fails to start",
  async (env) => {
    const notes = new Notes();
    const supervisor: Supervisor = closing(
      env,
      await openSupervisor({
        children: [
          { id: "patient", supervisor: { children: noting(env, notes, "a") } },
          { id: "killed", supervisor: { children: noting(env, notes, "bc") }, shutdown: "kill" },
        ],
      }),
    );
    const failed = await rejection(
      supervisor.startChild({
        id: "late",
        supervisor: {
          children: [...noting(env, notes, "d"), { ...child(env, "throws in setup"), what: unready }],
        },
      }),
    );
    assert.ok(failed instanceof ChildStartFailed && failed.child === "late");
    assert.ok(failed.cause instanceof ChildStartFailed && failed.cause.child === "throws in setup");
    assert.equal(notes.words.at(-1), "down d");
    notes.clear();
    await supervisor.close();
    assert.deepEqual(notes.words, ["down a"]);
  },
);

law(
  "A child supervisor that is cancelled, or ends by itself, has ended normally: it comes back as its type says",
  async (env) => {
    const inner = (id: string, restart: "permanent" | "transient") =>
      ({
        id,
        restart,
        supervisor: {
          autoShutdown: "any_significant",
          children: [child(env, `of ${id}`, { restart: "temporary", significant: true })],
        },
      }) as const;
    const supervisor: Supervisor = closing(
      env,
      await openSupervisor({
        intensity: 2,
        children: [inner("permanent", "permanent"), inner("transient", "transient")],
      }),
    );
    const sub = (id: string): Supervisor => supervisor.child(id) as unknown as Supervisor;
    for (const way of ["cancel", "auto-shutdown"]) {
      for (const id of ["permanent", "transient"]) {
        const old = sub(id);
        if (way === "cancel") await old.cancel("enough");
        else await at(old, `of ${id}`).cancel();
        await old.join();
        assert.equal(old.status, "ended");
        if (id === "permanent") assert.notEqual(await up(supervisor, id), old);
        else {
          assert.equal(supervisor.whichChildren()[1]?.status, "stopped");
          assert.ok((await rejection(supervisor.waitForChild(id))) instanceof SupervisorClosed);
          await supervisor.restartChild(id);
        }
      }
    }
    assert.equal(await at(sub("permanent"), "of permanent").call("count"), 1);
    assert.equal(supervisor.status, "running");
  },
);

law("One supervisor holds actors of several kinds, and restarts each as what it is", async (env) => {
  const supervisor = closing(
    env,
    await openSupervisor({
      strategy: "one_for_all",
      children: [
        child(env, "actor"),
        {
          id: "script",
          what: source<{ twice(x: number): number; spin(): void }>("({ twice: (x) => 2 * x, spin() { for (;;); } })"),
          options: { limits: { cpu: 100 } },
        },
      ],
    }),
  );
  assert.equal(supervisor.child("actor").spawnMethod, env.method);
  const died = await rejection(supervisor.child("script").call("spin"));
  assert.ok(died instanceof ActorDied && died.exit.kind === "failed");
  const script = await supervisor.waitForChild("script");
  assert.deepEqual([script.spawnMethod, await script.call("twice", 21)], ["wasm", 42]);
  const next = await supervisor.waitForChild("actor");
  assert.deepEqual([next.spawnMethod, await next.call("count")], [env.method, 1]);
  await next.kill();
  assert.equal(await (await supervisor.waitForChild("script")).call("twice", 2), 4);
  await supervisor.close();
});

law(
  "A supervisor in an actor restarts there, and ends with the task that it hangs on, the last child first",
  async (env) => {
    const notes = new Notes();
    const { name: _name, stdio: _stdio, ...options } = env.options("");
    const nursery = closing(env, await openNursery());
    const portal = await nursery.start(overseer, env.options("overseer", { stdio: notes.hear }));
    const pids = await portal.call("oversee", ["a", "b"], options as object);
    assert.deepEqual(notes.words, ["up a", "up b"]);
    assert.deepEqual(pids.map(isAlive), [true, true]);
    assert.deepEqual(await portal.call("replace", "b"), { path: "/overseer/b", old: "Restarted" });
    await until("all is noted", () => notes.words.length === 5);
    assert.deepEqual(notes.words.slice(2), ["down a", "up a", "up b"]);
    // Its failure is that of the task that it hangs on, and keeps its meaning on its way.
    const failed = await rejection(portal.call("giveUp", options as object));
    assert.ok(isRemote(failed, "SupervisorFailed"), String(failed));
    assert.equal(failed.remote.code, "ERR_BROOD_SUPERVISOR");
    assert.deepEqual(
      failed.errors?.map((error) => (isRemote(error) ? error.remote.name : error)),
      ["ActorDied"],
    );
    notes.clear();
    await portal.cancel();
    assert.deepEqual(notes.words, ["down b", "down a"]);
    await nursery.close();
  },
  { needs: ["process"], deadline: 40_000 },
);

law(
  "Who fails in a cleanup while the supervisor ends fails its nursery; while it restarts, it does not, and the log tells",
  async (env) => {
    const lines: string[] = [];
    const hear = ({ text }: OutputLine): void => void lines.push(text);
    const nursery = closing(env, await openNursery());
    const supervisor: Supervisor = await openSupervisor({
      nursery,
      strategy: "one_for_all",
      children: [child(env, "a"), child(env, "b", {}, { stdio: hear })],
    });
    await at(supervisor, "b").call("failAtEnd", "in a restart");
    await at(supervisor, "a").kill();
    const b = await up(supervisor, "b");
    assert.equal(nursery.status, "open");
    assert.ok(
      lines.some((line) => /^error: nobody awaits this any more: .*in a restart/.test(line)),
      lines.join("\n"),
    );
    await b.call("failAtEnd", "at the end");
    await nursery.cancel();
    const failed = await rejection(nursery.close());
    assert.ok(isRemote(failed) && failed.remote.message === "at the end", String(failed));
  },
);

law(
  "A storm of crashes starves no sibling",
  async (env) => {
    const asks = process.env["BROOD_FULL"] ? 10_000 : 500;
    const events = restartsOf(env);
    const supervisor: Supervisor = closing(
      env,
      await openSupervisor({
        intensity: 1_000_000,
        period: 1_000,
        children: [child(env, "crasher"), child(env, "sibling")],
      }),
    );
    const sibling = at(supervisor, "sibling");
    const storm = { over: false };
    const asking = (async () => {
      for (let asked = 0; asked < asks || events.length < 10; asked++) {
        // It crashes, or is refused by who has: there is no pause between them.
        await at(supervisor, "crasher")
          .call("leave", 1)
          .catch(() => {});
        await turn();
      }
      storm.over = true;
    })();
    let answers = 0;
    let longest = 0;
    while (!storm.over) {
      const from = performance.now();
      assert.equal(await sibling.call("count"), ++answers);
      longest = Math.max(longest, performance.now() - from);
    }
    await asking;
    assert.ok(longest < 1_000, `an answer took ${longest} ms`);
    assert.ok(events.length > 0);
    const crasher = await up(supervisor, "crasher");
    assert.equal(typeof (await crasher.call("count").catch(() => 0)), "number");
    assert.equal(at(supervisor, "sibling"), sibling);
  },
  { deadline: 120_000 },
);
