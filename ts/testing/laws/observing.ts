// Section 13: seeing inside.
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Exit } from "../../errors/exit.js";
import { openCluster } from "../../nursery/cluster.js";
import { openNursery, withNursery } from "../../nursery/open.js";
import { actor } from "../../nursery/source.js";
import type { ActorDump, ScopeDump, TreeDump } from "../../protocol/tree.js";
import { readTitle } from "../../protocol/title.js";
import { openSupervisor } from "../../supervisor/open.js";
import { pool } from "../../supervisor/pool.js";
import type { ActorChild } from "../../supervisor/surface.js";
import { until } from "../gate.js";
import { section, type LawEnv, type Observer } from "../law.js";
import { processState } from "../processes.js";
import { silent } from "../silent.js";

const worker = actor<typeof import("../actors/worker.js")>(new URL("../actors/worker.js", import.meta.url));
const streams = actor<typeof import("../actors/streams.js")>(new URL("../actors/streams.js", import.meta.url));
const scopes = actor<typeof import("../actors/scopes.js")>(new URL("../actors/scopes.js", import.meta.url));

export const observing = section(13);
const { law } = observing;

/** For the answers of actors, in ms. */
const WITHIN = 400;
/** What a busy machine may take on top of a dump's bound, in ms. */
const SLACK = 600;

/** Options of a child of a supervisor. */
const childOptions = (env: LawEnv, name: string) => env.options(name) as NonNullable<ActorChild["options"]>;

/** The scope of that name, at any depth. */
function scopeNamed(name: string, { scopes: all }: Pick<TreeDump, "scopes">): ScopeDump {
  const found = flat(all).find((scope) => scope.name === name);
  assert.ok(found !== undefined, `no scope ${name}`);
  return found;
}

const flat = (all: readonly ScopeDump[]): ScopeDump[] =>
  all.flatMap((scope) => [
    scope,
    ...flat(scope.scopes),
    ...scope.actors.flatMap(({ inside }) => flat(inside?.scopes ?? [])),
  ]);

function actorAt(path: string, dump: Pick<TreeDump, "scopes">): ActorDump {
  const found = flat(dump.scopes)
    .flatMap((scope) => scope.actors)
    .find((one) => one.path === path);
  assert.ok(found !== undefined, `no actor ${path}`);
  return found;
}

/** A dump that is there within its bound. */
async function dumped({ dumpTree, formatTree }: Observer): Promise<TreeDump> {
  const from = performance.now();
  const dump = await dumpTree({ within: WITHIN });
  const took = performance.now() - from;
  assert.ok(took < WITHIN + SLACK, `${took} ms`);
  // It is plain data, and can be told in words.
  assert.deepEqual(structuredClone(dump), dump);
  assert.ok(formatTree(dump).split("\n").length > 2);
  return dump;
}

law(
  "A dump names nurseries, actors, calls and contexts with state and age, at both ends; streams with credit, and who waits how long",
  async (env) => {
    await using nursery = await openNursery({ name: "seen" });
    const portal = await nursery.start(streams, env.options("one"));
    const waits = portal.call("hold", "never");
    void waits.catch(() => {});
    const stalled = await portal.open("stall", "never");
    const sends = Array.from({ length: 259 }, (_, index) => stalled.stream.send(index));
    for (const send of sends) void send.catch(() => {});
    void stalled.stream.next().catch(() => {});
    await until("it works on both", async () => actorAt("/one", await dumped(env)).inside?.tasks.length === 2);
    const from = performance.now();
    await until("they have waited", () => performance.now() - from > 50);
    const dump = await dumped(env);
    const scope = scopeNamed("seen", dump);
    assert.deepEqual([scope.kind, scope.status, scope.more], ["nursery", "open", 0]);
    const seen = actorAt("/one", dump);
    const { name, uuid, pid } = portal.id;
    assert.deepEqual([seen.name, seen.uuid, seen.pid], [name, uuid, pid]);
    assert.deepEqual([seen.status, seen.spawnMethod, seen.silent], ["running", env.method, undefined]);
    assert.equal(seen.process !== undefined, env.has("process"));
    assert.ok(seen.age >= seen.for && seen.for > 0);
    assert.deepEqual(
      seen.asked.map(({ kind, endpoint, state }) => [kind, endpoint, state]),
      [
        ["call", "hold", "waiting"],
        ["context", "stall", "streaming"],
      ],
    );
    assert.deepEqual(
      seen.inside?.tasks.map(({ kind, endpoint, state }) => [kind, endpoint, state]),
      [
        ["call", "hold", "running"],
        ["context", "stall", "running"],
      ],
    );
    assert.deepEqual(
      seen.asked.map(({ context }) => context),
      seen.inside?.tasks.map(({ context }) => context),
    );
    const stream = seen.asked[1]?.stream;
    assert.deepEqual([stream?.sent.messages, stream?.sending, stream?.reading, stream?.unread], [256, 3, 1, 0]);
    assert.ok((stream?.sent.bytes ?? 0) >= 256);
    for (const waited of [stream?.sendingFor, stream?.readingFor, seen.asked[0]?.age])
      assert.ok(waited !== undefined && waited >= 40 && waited < 20_000, String(waited));
    void stalled.cancel();
    const { asked } = actorAt("/one", await dumped(env));
    assert.ok(asked.every(({ endpoint, cancel }) => endpoint !== "stall" || cancel?.via === "cancel"));
    await nursery.cancel();
    assert.ok(flat((await dumped(env)).scopes).every((one) => one.name !== "seen"));
  },
);

law(
  "It goes down to the leaves: pools, supervisors, the actors of actors; one that loops is shown as one that does not answer, and hides no other",
  async (env) => {
    await using nursery = await openNursery({ name: "whole" });
    const { name: _, ...options } = env.options("");
    await openSupervisor({
      name: "boss",
      nursery,
      children: [{ id: "kept", what: worker, options: childOptions(env, "kept") }],
    });
    const many = pool(worker, { ...options, name: "crew", size: 1, nursery });
    assert.equal(await many.call("add", 1, 2), 3);
    await openCluster(worker, { ...options, name: "mesh", names: ["m"], nursery });
    const top = await nursery.start(scopes, env.options("a"));
    await top.call("chain", join(env.directory, "notes"), ["b", "c"], options);
    const busy = await nursery.start(scopes, env.options("x"));
    await busy.call("growBusy", 1, options);
    await until("the deepest loops", async () => {
      const { inside } = actorAt("/x", await dumped(env));
      return inside?.scopes[0]?.actors[0]?.silent !== undefined;
    });
    const dump = await dumped(env);
    const { scopes: parts } = scopeNamed("whole", dump);
    assert.deepEqual(parts.map(({ kind, name }) => [kind, name]).sort(), [
      ["cluster", "mesh"],
      ["pool", "crew"],
      ["supervisor", "boss"],
    ]);
    for (const part of parts) assert.equal(part.actors.length, 1);
    assert.equal(actorAt("/a/b/c", dump).status, "running");
    assert.ok(actorAt("/a/b/c", dump).inside !== undefined);
    const below = actorAt("/x", dump).inside?.scopes[0]?.actors[0];
    assert.match(below?.silent ?? "", /does not answer/);
    assert.equal(actorAt("/x", dump).silent, undefined);
    if (env.has("process")) assert.ok((below?.process?.busy ?? 0) > 0.1, JSON.stringify(below?.process));
    assert.match(env.formatTree(dump), /\/a\/b\/c +running/);
    await nursery.cancel();
  },
  { deadline: 40_000 },
);

law(
  "Of a supervisor it tells strategy, restarts and every child, of a pool what is busy and waits, of a shared stream who holds it up",
  async (env) => {
    await using nursery = await openNursery({ name: "known" });
    const { name: _, ...options } = env.options("");
    const boss = await openSupervisor({
      name: "boss",
      nursery,
      strategy: "rest_for_one",
      intensity: 4,
      period: 60_000,
      children: [
        { id: "down", what: worker, options: childOptions(env, "down") },
        { id: "shaky", what: worker, options: childOptions(env, "shaky"), restart: "transient" },
        { id: "team", supervisor: { children: [{ id: "inner", what: worker, options: childOptions(env, "inner") }] } },
      ],
    });
    await boss.terminateChild("down");
    await boss.child("shaky").kill();
    await boss.waitForChild("team");
    const crew = pool(worker, { ...options, name: "crew", size: 1, nursery });
    const calls = [crew.call("wait"), crew.call("wait"), crew.call("wait")];
    for (const call of calls) void call.catch(() => {});
    await until("one call runs", () => crew.stats.running === 1);
    const portal = await nursery.start(streams, env.options("feeder"));
    const feed = await portal.open("echo");
    const [pacing, lagging] = [feed.stream.subscribe(), feed.stream.subscribe({ lag: 1 })];
    for (const message of [1, 2, 3]) await feed.stream.send(message);
    assert.equal((await pacing.next()).value, 1);
    await until("what is unread has come", async () => {
      const stream = actorAt("/feeder", await dumped(env)).asked[0]?.stream;
      return stream?.subscribers?.pacing === 1 && stream.unread === 1;
    });
    const dump = await dumped(env);
    const { supervision, actors, scopes: inner } = scopeNamed("boss", dump);
    const { strategy, restarts, recent, intensity, period, children = [] } = supervision ?? {};
    assert.deepEqual([strategy, restarts, recent, intensity, period], ["rest_for_one", 1, 1, 4, 60_000]);
    assert.deepEqual(
      children.map((one) => [one.id, one.kind, one.status, one.up, one.restart, one.restarts]),
      [
        ["down", "actor", "stopped", false, "permanent", 0],
        ["shaky", "actor", "running", true, "transient", 1],
        ["team", "supervisor", "running", true, "permanent", 1],
      ],
    );
    assert.deepEqual(
      [actors.map(({ path }) => path), inner.map(({ name }) => name), inner[0]?.actors.map(({ path }) => path)],
      [["/shaky"], ["team"], ["/inner"]],
    );
    const figures = scopeNamed("crew", dump).pool;
    assert.deepEqual(
      [figures?.size, figures?.actors, figures?.busy, figures?.queued, figures?.running, figures?.calls],
      [1, 1, 1, 2, 1, 3],
    );
    assert.deepEqual(actorAt("/feeder", dump).asked[0]?.stream?.subscribers, {
      count: 2,
      pacing: 1,
      unread: 1,
      missed: 1,
    });
    lagging.close();
    await nursery.cancel();
  },
  { deadline: 40_000 },
);

law("An actor that loops is dumped within the bound, with what it was asked", async (env) => {
  await using nursery = await openNursery();
  const portal = await nursery.start(worker, env.options("loops"));
  void portal.call("loop").catch(() => {});
  await silent(portal);
  const seen = actorAt("/loops", await dumped(env));
  assert.match(seen.silent ?? "", /does not answer/);
  assert.equal(seen.asked[0]?.endpoint, "loop");
  if (env.has("process")) assert.ok(seen.process?.state === "R" && (seen.process.busy ?? 0) > 0.1);
  await portal.kill();
  await nursery.cancel();
});

law(
  "An actor that was stopped is shown as stopped, however often it is asked; once it goes on it answers as ever",
  async (env) => {
    await using nursery = await openNursery();
    const portal = await nursery.start(worker, env.options("stops"));
    const pid = portal.id.pid as number;
    process.kill(pid, "SIGSTOP");
    await until("it is stopped", () => processState(pid)?.state === "T");
    for (let times = 0; times < 3; times++) {
      const { silent: why, process: figures } = actorAt("/stops", await dumped(env));
      assert.match(why ?? "", /does not answer/);
      assert.deepEqual([figures?.state, figures?.busy], ["T", 0]);
    }
    process.kill(pid, "SIGCONT");
    await until("it answers again", async () => actorAt("/stops", await dumped(env)).inside !== undefined);
    assert.equal(await portal.call("add", 1, 2), 3);
    assert.equal(portal.status, "running");
  },
  { needs: ["process"] },
);

law(
  "The title of an actor's process says whose it is and which, as far as there is room",
  async (env) => {
    await using nursery = await openNursery();
    const portal = await nursery.start(worker, env.options("named"));
    const title = (): string => readFileSync(`/proc/${portal.id.pid}/cmdline`, "utf8").replace(/\0.*$/s, "");
    const { host, path } = readTitle(title()) ?? {};
    assert.equal(host, process.pid, title());
    assert.ok(path !== undefined && path !== "" && "/named".startsWith(path), title());
  },
  { needs: ["process"] },
);

law(
  "brood:start and brood:exit tell of every actor, also of one that a supervisor has, with how it ended",
  async (env) => {
    const told: string[] = [];
    const onStart = (message: unknown): void => {
      const { path, nursery, method } = message as { path: string; nursery: string; method: string };
      told.push(`start ${path} ${nursery} ${method}`);
    };
    const onExit = (message: unknown): void => {
      const { path, nursery, exit } = message as { path: string; nursery: string; exit: Exit };
      told.push(`exit ${path} ${nursery} ${exit.kind}`);
    };
    subscribe("brood:start", onStart);
    subscribe("brood:exit", onExit);
    env.defer(() => unsubscribe("brood:start", onStart));
    env.defer(() => unsubscribe("brood:exit", onExit));
    await withNursery(
      async (nursery) => {
        const portal = await nursery.start(worker, env.options("one"));
        await portal.kill();
        await openSupervisor({ nursery, children: [{ id: "two", what: worker, options: childOptions(env, "two") }] });
      },
      { name: "told" },
    );
    assert.deepEqual(told, [
      `start /one told ${env.method}`,
      "exit /one told killed",
      `start /two told ${env.method}`,
      "exit /two told cancelled",
    ]);
  },
);
