// Section 12: pools, shared resources, gather, clusters.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { OutputLine, Portal } from "../../context/surface.js";
import {
  ActorDied,
  Cancelled,
  DeadlineExceeded,
  InvalidMessage,
  InvalidOption,
  StartFailed,
  UnknownEndpoint,
} from "../../errors/kinds.js";
import { PoolClosed, PoolFull } from "../../errors/pool.js";
import { isRemote } from "../../errors/remote.js";
import { openCluster } from "../../nursery/cluster.js";
import { gather } from "../../nursery/gather.js";
import { openNursery, withNursery } from "../../nursery/open.js";
import { shared } from "../../nursery/shared.js";
import { actor } from "../../nursery/source.js";
import { pool } from "../../supervisor/pool.js";
import type { Pool, PoolOptions } from "../../supervisor/pool-surface.js";
import { bounded } from "../bounded.js";
import { gate, rejection, until } from "../gate.js";
import { section, type LawEnv, type LawMore } from "../law.js";
import { assertGone, assertLeft } from "../left.js";
import { Notes } from "../notes.js";

const worker = actor<typeof import("../actors/worker.js")>(new URL("../actors/worker.js", import.meta.url));
const callee = actor<typeof import("../actors/callee.js")>(new URL("../actors/callee.js", import.meta.url));
const streams = actor<typeof import("../actors/streams.js")>(new URL("../actors/streams.js", import.meta.url));
const pooling = actor<typeof import("../actors/pooling.js")>(new URL("../actors/pooling.js", import.meta.url));
const unready = actor<typeof import("../actors/unready.js")>(new URL("../actors/unready.js", import.meta.url));

type Callee = typeof callee extends { readonly endpoints?: infer E } ? NonNullable<E> : never;

export const pools = section(12);
const law = bounded(pools);

/** Options of a pool under this method. */
function options(env: LawEnv, more: Omit<PoolOptions, "spawn" | "limits"> = {}, start: LawMore = {}): PoolOptions {
  return { ...env.options(more.name ?? "pool", start), ...more } as PoolOptions;
}

/** A pool whose actors are all ready, closed when the law has ended. */
async function calleesOf(
  env: LawEnv,
  more: Omit<PoolOptions, "spawn" | "limits">,
  start: LawMore = {},
): Promise<Pool<Callee>> {
  const callees = pool(callee, options(env, { minSize: more.size, ...more }, start));
  env.defer(() => callees.close());
  await callees.ready();
  return callees;
}

/** Ends an actor from outside. */
async function kill(env: LawEnv, portal: Portal<any>): Promise<void> {
  if (env.has("process")) process.kill(portal.id.pid as number, "SIGKILL");
  else await portal.kill();
}

/** Lets go what is held under `key`, in whichever actor that is. */
const release = (callees: Pool<Callee>, key: string): Promise<unknown> =>
  Promise.all(callees.children.map((one) => one.call("release", key, `released ${key}`)));

law("A pool serves more calls than it has actors, each by one that is free, first come, first served", async (env) => {
  const callees = await calleesOf(env, { size: 2 });
  const held = [callees.call("hold", "a"), callees.call("hold", "b")];
  const order: number[] = [];
  const waiting = Array.from({ length: 20 }, async (_, index) => {
    assert.equal(await callees.call("echo", index), index);
    order.push(index);
  });
  assert.deepEqual(
    [callees.stats.busy, callees.stats.idle, callees.stats.running, callees.stats.queued],
    [2, 0, 2, 20],
  );
  await release(callees, "a");
  // One actor is enough for them all, while the other is still held.
  await Promise.all(waiting);
  assert.deepEqual(
    order,
    Array.from({ length: 20 }, (_, index) => index),
  );
  assert.equal(callees.stats.busy, 1);
  await release(callees, "b");
  assert.deepEqual(await Promise.all(held), ["released a", "released b"]);
  const { calls, failed, queued, running, idle, replaced, waitTime, runTime } = callees.stats;
  assert.deepEqual(
    { calls, failed, queued, running, idle, replaced },
    { calls: 22, failed: 0, queued: 0, running: 0, idle: 2, replaced: 0 },
  );
  for (const { mean, p50, p99, max } of [waitTime, runTime]) assert.ok(mean > 0 && p50 > 0 && p50 <= p99 && p99 <= max);
  assert.ok(waitTime.max >= waitTime.mean && runTime.max >= runTime.mean);
});

law("A pool starts actors as calls need them, and none but `minSize` before", async (env) => {
  const callees = pool(callee, options(env, { size: 2, minSize: 0 }));
  env.defer(() => callees.close());
  assert.equal(callees.stats.starting, 0);
  await callees.ready();
  assert.equal(callees.children.length, 0);
  const first = callees.call("hold", "a");
  assert.equal(callees.stats.starting, 1);
  await until("it is handed out", () => callees.stats.running === 1);
  const second = callees.call("hold", "b");
  const third = callees.call("add", 1, 2);
  assert.equal(callees.stats.starting, 1);
  await until("a second one is", () => callees.stats.running === 2);
  assert.deepEqual(
    callees.children.map(({ id, path }) => [id.name, path.endsWith(`/${id.name}`)]),
    [
      ["pool-1", true],
      ["pool-2", true],
    ],
  );
  await release(callees, "a");
  await release(callees, "b");
  assert.deepEqual(await Promise.all([first, second, third]), ["released a", "released b", 3]);
});

law(
  "A pool's actor that is killed in the middle of a call rejects it with ActorDied, once, and is replaced; no other call is lost",
  async (env) => {
    const notes = new Notes();
    const callees = await calleesOf(env, { size: 2 }, { stdio: notes.hear });
    const doomed = callees.call("holdUntilCancelled");
    await notes.come();
    const other = callees.call("hold", "a");
    const waiting = Array.from({ length: 30 }, (_, index) => callees.call("add", index, 1));
    const [victim] = callees.children;
    await kill(env, victim as Portal<any>);
    const died = await rejection(doomed);
    assert.ok(died instanceof ActorDied);
    assert.equal(died.actor.uuid, victim?.id.uuid);
    assert.deepEqual(
      await Promise.all(waiting),
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
    assertGoneProcess(env, victim as Portal<any>);
    await release(callees, "a");
    assert.equal(await other, "released a");
    // It was never sent again.
    assert.deepEqual(notes.words, ["started"]);
    assert.equal(callees.stats.replaced, 1);
    assert.equal(callees.stats.died, 1);
    assert.equal(callees.stats.failed, 1);
    await until("there are two again", () => callees.children.length === 2);
    assert.ok(!callees.children.some(({ id }) => id.uuid === victim?.id.uuid));
  },
);

/** Of methods with a process: others are counted when all are gone. */
function assertGoneProcess(env: LawEnv, portal: Portal<any>): void {
  if (env.has("process")) assertGone(env, portal.id);
}

law("An actor of a pool that leaves in a call is replaced for those that wait", async (env) => {
  const workers = pool(worker, options(env, { size: 1 }));
  env.defer(() => workers.close());
  const leaving = workers.call("leave", 3);
  const waiting = workers.call("add", 1, 2);
  const died = await rejection(leaving);
  assert.ok(died instanceof ActorDied);
  assertLeft(env, died.exit, 3);
  assert.equal(await waiting, 3);
  assert.equal(workers.status, "open");
  assert.equal(workers.signal.aborted, false);
});

law("Past `maxQueue` a call is refused with PoolFull at once; those that wait are served", async (env) => {
  const callees = await calleesOf(env, { size: 1, maxQueue: 2, name: "narrow" });
  const held = callees.call("hold", "a");
  const waiting = [callees.call("add", 1, 1), callees.call("add", 2, 2)];
  const full = await rejection(callees.call("add", 3, 3));
  assert.ok(full instanceof PoolFull);
  assert.deepEqual([full.pool, full.endpoint, full.maxQueue], ["narrow", "add", 2]);
  assert.match(full.message, /^call add refused: narrow \(\/narrow\): .*, 2\. Wait for answers/);
  assert.equal(callees.stats.refused, 1);
  await release(callees, "a");
  await held;
  assert.deepEqual(await Promise.all(waiting), [2, 4]);
  assert.equal(await callees.call("add", 3, 3), 6);
  // With no queue at all a call still has the actor that is started for it.
  const bare = pool(callee, options(env, { size: 1, minSize: 0, maxQueue: 0 }));
  env.defer(() => bare.close());
  const first = bare.call("hold", "a");
  assert.ok((await rejection(bare.call("add", 1, 1))) instanceof PoolFull);
  await until("it runs", () => bare.stats.running === 1);
  assert.ok((await rejection(bare.call("add", 1, 1))) instanceof PoolFull);
  await release(bare, "a");
  assert.equal(await first, "released a");
});

law(
  "An aborted call that waits leaves a pool's queue at once; one that runs runs its `finally` before it rejects, and spares its actor",
  async (env) => {
    const notes = new Notes();
    const callees = await calleesOf(env, { size: 1, maxQueue: 2 }, { stdio: notes.hear });
    const [running, queued] = [new AbortController(), new AbortController()];
    const first = callees.with({ signal: running.signal }).call("holdUntilCancelled");
    await notes.come();
    const second = callees.with({ signal: queued.signal }).call("holdUntilCancelled");
    const third = callees.call("add", 1, 2);
    assert.equal(callees.stats.queued, 2);
    queued.abort("not now");
    assert.equal(callees.stats.queued, 1);
    const left = await rejection(second);
    assert.ok(left instanceof Cancelled);
    assert.deepEqual([left.scope, left.via, left.reason, left.acknowledged], ["call", "signal", "not now", true]);
    const [before] = callees.children;
    running.abort("enough");
    const cancelled = await rejection(first);
    assert.ok(cancelled instanceof Cancelled);
    assert.equal(cancelled.reason, "enough");
    assert.deepEqual(notes.words, ["started", "finally"]);
    assert.equal(await third, 3);
    assert.equal(callees.children[0]?.id.uuid, before?.id.uuid);
    // Aborted before: nothing is sent, and nothing waits.
    const { calls } = callees.stats;
    assert.ok((await rejection(callees.with({ signal: running.signal }).call("add", 1, 2))) instanceof Cancelled);
    assert.equal(callees.stats.calls, calls);
  },
);

law("The deadline of a pool's call counts from the call, queueing included", async (env) => {
  const notes = new Notes();
  const callees = await calleesOf(env, { size: 1, name: "timed" }, { stdio: notes.hear });
  const held = callees.call("hold", "a");
  const from = performance.now();
  const waiting = await rejection(callees.with({ deadline: 30 }).call("add", 1, 2));
  assert.ok(waiting instanceof DeadlineExceeded);
  assert.deepEqual([waiting.deadline, waiting.actorKilled, waiting.path], [30, false, "/timed"]);
  assert.ok(performance.now() - from < 5_000);
  assert.equal(callees.stats.queued, 0);
  // Part of it goes by in the queue; the rest is what its task has, and the error names the whole.
  const asked = performance.now();
  const remaining = callees.with({ deadline: 60_000 }).call("remaining");
  const bound = callees.with({ deadline: 400 }).call("holdUntilCancelled");
  await until("some of the deadline has gone by", () => performance.now() - asked > 40);
  await release(callees, "a");
  assert.equal(await held, "released a");
  // It was called a moment after the clock was looked at.
  assert.ok(((await remaining) as number) <= 60_000 - 20, "it had the whole deadline once more");
  const missed = await rejection(bound);
  assert.ok(missed instanceof DeadlineExceeded);
  assert.equal(missed.deadline, 400);
  // Its actor obeys, and serves on.
  assert.equal(await callees.call("add", 1, 2), 3);
  assert.deepEqual(notes.words, ["started", "finally"]);
  // One whose deadline passes while this process is busy is not sent any more, though no clock has told yet.
  const before = callees.call("hold", "b");
  const [only] = callees.children;
  void only?.call("release", "b", "released b");
  const late = rejection(callees.with({ deadline: 20 }).call("holdUntilCancelled"));
  for (const end = performance.now() + 40; performance.now() < end;);
  await before;
  assert.ok((await late) instanceof DeadlineExceeded);
  assert.equal(await callees.call("add", 1, 2), 3);
  assert.deepEqual(notes.words, ["started", "finally"]);
  assert.equal(callees.stats.replaced, 0);
});

law("A pool's actor that does not acknowledge the cancel of its call is killed and replaced", async (env) => {
  const workers = pool(worker, options(env, { size: 1 }, { cancelTimeout: 50, killTimeout: 50 }));
  env.defer(() => workers.close());
  await workers.ready();
  const [deaf] = workers.children;
  const looping = workers.with({ deadline: 20 }).call("loop");
  const waiting = workers.call("add", 1, 2);
  assert.ok((await rejection(looping)) instanceof DeadlineExceeded);
  assert.equal(await waiting, 3);
  assert.equal((await (deaf as Portal<any>).exited).kind, "killed");
  assert.equal(workers.stats.replaced, 1);
  assert.equal(workers.stats.died, 1);
  assert.notEqual(workers.children[0]?.id.uuid, deaf?.id.uuid);
});

law("An actor of a pool that was idle for `idleTimeout` ends, as long as `minSize` are left", async (env) => {
  const callees = pool(callee, options(env, { size: 3, minSize: 1, idleTimeout: 20 }));
  env.defer(() => callees.close());
  const held = ["a", "b", "c"].map((key) => callees.call("hold", key));
  await until("all three are busy", () => callees.stats.busy === 3);
  const before = [...callees.children];
  for (const key of ["a", "b", "c"]) await release(callees, key);
  await Promise.all(held);
  await until("one is left", () => callees.stats.actors === 1);
  const exits = await Promise.all(
    before.filter((one) => one.id.uuid !== callees.children[0]?.id.uuid).map((one) => one.exited),
  );
  for (const exit of exits) assert.equal(exit.kind, "cancelled");
  assert.equal(exits.length, 2);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(callees.stats.actors, 1);
  // That is no replacing, and it grows again.
  assert.equal(callees.stats.replaced, 0);
  const again = [callees.call("hold", "d"), callees.call("hold", "e")];
  await until("two are busy", () => callees.stats.busy === 2);
  for (const key of ["d", "e"]) await release(callees, key);
  await Promise.all(again);
});

law("An actor of a pool is replaced after `maxCallsPerActor` calls, and no call is lost", async (env) => {
  const callees = pool(callee, options(env, { size: 1, maxCallsPerActor: 2 }));
  env.defer(() => callees.close());
  const ids = await Promise.all(Array.from({ length: 6 }, () => callees.call("id")));
  const names = ids.map(({ name }) => name);
  assert.deepEqual(names, ["pool-1", "pool-1", "pool-2", "pool-2", "pool-3", "pool-3"]);
  assert.equal(new Set(ids.map(({ uuid }) => uuid)).size, 3);
  await until("the last one has served", () => callees.stats.replaced === 3);
  const { died, started, startTime } = callees.stats;
  assert.deepEqual([died, started], [0, 3]);
  assert.ok(startTime.p50 > 0 && startTime.p50 <= startTime.p99 && startTime.p99 <= startTime.max);
});

law("With `concurrency` an actor of a pool runs so many calls at a time, and no more", async (env) => {
  const callees = await calleesOf(env, { size: 1, concurrency: 3 });
  const held = ["a", "b", "c", "d"].map((key) => callees.call("hold", key));
  assert.deepEqual([callees.stats.running, callees.stats.queued, callees.stats.busy], [3, 1, 1]);
  await release(callees, "b");
  assert.equal(await held[1], "released b");
  assert.deepEqual([callees.stats.running, callees.stats.queued], [3, 0]);
  for (const key of ["a", "c", "d"]) await release(callees, key);
  assert.deepEqual(
    await Promise.all(held),
    ["a", "b", "c", "d"].map((key) => `released ${key}`),
  );
});

law("What is wrong with one call of a pool is told to its caller alone", async (env) => {
  const workers = pool(worker, options(env, { size: 1 }));
  env.defer(() => workers.close());
  const call = workers.call.bind(workers) as unknown as (...args: unknown[]) => Promise<unknown>;
  const calls = [
    call("fail", "thrown"),
    call("ad", 1, 2),
    call("echo", () => 1),
    call("counting", 1),
    call("add", 1, 2),
  ];
  const [thrown, unknown, unsendable, context, sum] = await Promise.allSettled(calls);
  const reason = (one: PromiseSettledResult<unknown> | undefined): unknown => (one as PromiseRejectedResult).reason;
  assert.ok(isRemote(reason(thrown), "TypeError"));
  assert.ok(reason(unknown) instanceof UnknownEndpoint);
  assert.ok(reason(unsendable) instanceof InvalidMessage);
  assert.ok(reason(context) instanceof UnknownEndpoint);
  assert.deepEqual(sum, { status: "fulfilled", value: 3 });
  assert.ok((await rejection(call(5))) instanceof InvalidOption);
  // The same where an actor was free at once.
  assert.ok((await rejection(call("ad", 1, 2))) instanceof UnknownEndpoint);
  assert.ok((await rejection(call("echo", () => 1))) instanceof InvalidMessage);
  assert.equal(await workers.call("add", 1, 2), 3);
  assert.equal(workers.stats.replaced, 0);
  assert.equal(workers.stats.running, 0);
});

law(
  "Where starts fail again and again those who wait are told why, nothing spins, and a later call tries again",
  async (env) => {
    const failing = pool(unready, options(env, { name: "throws in setup", size: 2 }, { stdio: "ignore" }));
    env.defer(() => failing.close());
    const from = performance.now();
    const waiting = [failing.call("add", 1, 2), failing.call("add", 3, 4), failing.ready()];
    for (const one of await Promise.all(waiting.map(rejection))) {
      assert.ok(one instanceof StartFailed);
      assert.deepEqual([one.phase, one.actor.name], ["setup", "throws in setup"]);
      assert.ok(one.cause instanceof StartFailed);
      assert.ok(isRemote(one.cause.cause, "RangeError"));
      assert.match(
        one.message,
        /^start failed: throws in setup \(\/throws in setup\): the last 3 actors .* thrown in setup\.?$/s,
      );
    }
    assert.ok(performance.now() - from >= 300, "it did not pause between its starts");
    const { failedStarts, starting, queued } = failing.stats;
    assert.ok(failedStarts >= 3 && failedStarts <= 4, `${failedStarts}`);
    assert.deepEqual([starting, queued], [0, 0]);
    assert.ok((await rejection(failing.call("add", 1, 2))) instanceof StartFailed);
    assert.equal(failing.stats.failedStarts, failedStarts + 1);
    assert.equal(failing.status, "open");
  },
);

law("A pool that is closed rejects what waits, cancels what runs, and leaves nothing", async (env) => {
  const notes = new Notes();
  const callees = pool(callee, options(env, { size: 2 }, { stdio: notes.hear }));
  const calls = Array.from({ length: 5 }, () => callees.call("holdUntilCancelled"));
  await notes.come(2);
  const { children } = callees;
  const ends = Promise.all(calls.map(rejection));
  const closing = callees.close();
  assert.equal(callees.status, "ending");
  for (const one of await ends) assert.ok(one instanceof Cancelled && one.via === "scope", String(one));
  const late = await rejection(callees.call("add", 1, 2));
  assert.ok(late instanceof PoolClosed && late.cause instanceof Cancelled);
  await closing;
  assert.equal(callees.status, "ended");
  assert.deepEqual(notes.words, ["started", "started", "finally", "finally"]);
  for (const { id } of children) assertGone(env, id);
  assert.ok((await rejection(callees.ready())) instanceof PoolClosed);
  await callees.close();
  // A cancel says why, also to those whose actor is still starting.
  const other = pool(callee, options(env, { size: 1 }));
  const waiting = rejection(other.call("add", 1, 2));
  await other.cancel("enough");
  const cancelled = await waiting;
  assert.ok(cancelled instanceof Cancelled && cancelled.reason === "enough");
  assert.ok(other.signal.aborted);
});

law("A pool ends with the nursery that it hangs on; the death of its actors does not fail that", async (env) => {
  const notes = new Notes();
  const scope = await openNursery();
  const workers = pool(worker, options(env, { size: 1, nursery: scope }));
  assert.ok((await rejection(workers.call("leave", 3))) instanceof ActorDied);
  assert.equal(await workers.call("add", 1, 2), 3);
  assert.equal(scope.status, "open");
  assert.equal(scope.children.length, 0);
  const callees = pool(callee, options(env, { size: 1, nursery: scope }, { stdio: notes.hear }));
  const running = rejection(callees.call("holdUntilCancelled"));
  await notes.come();
  const waiting = rejection(callees.call("add", 1, 2));
  await scope.close();
  for (const error of [await running, await waiting]) assert.ok(error instanceof Cancelled, String(error));
  assert.deepEqual([workers.status, callees.status], ["ended", "ended"]);
  assert.deepEqual(notes.words, ["started", "finally"]);
  assert.throws(() => pool(worker, options(env, { nursery: scope })), { code: "ERR_BROOD_NURSERY_CLOSED" });

  // What fails the nursery ends the pool, and whoever waits for it is told that failure.
  let waited: unknown;
  const failure = await rejection(
    withNursery(async (inner) => {
      const within = pool(callee, options(env, { size: 1, nursery: inner }));
      await within.ready();
      const held = rejection(within.call("hold", "a"));
      const behind = rejection(within.call("add", 1, 2));
      const dying = await inner.start(worker, env.options("dying"));
      void dying.call("leave", 3).catch(() => {});
      waited = [await held, await behind];
    }),
  );
  assert.ok(failure instanceof ActorDied && failure.actor.name === "dying");
  assert.deepEqual(waited, [failure, failure]);
});

law(
  "What fails in the cleaning up of a pool's actor that is ended is logged, and the pool goes on; where the pool ends, it is its failure",
  async (env) => {
    const lines: string[] = [];
    const hear = ({ text }: OutputLine): void => void lines.push(text);
    // On a busy machine too, it is not for being late that it ends.
    const workers = pool(worker, options(env, { size: 1 }, { stdio: hear, cancelTimeout: 10_000 }));
    env.defer(() => workers.cancel());
    // What it defers fails, since the file that it removes then is gone by itself.
    const spoil = async (): Promise<void> => {
      const file = join(env.directory, "temporary");
      await workers.call("deferAtEnd", [], "", file);
      rmSync(file);
    };
    await spoil();
    await workers.children[0]?.cancel();
    assert.equal(await workers.call("add", 1, 2), 3);
    assert.equal(workers.status, "open");
    assert.ok(
      lines.some((line) => /^error: its end failed: .*ENOENT/.test(line)),
      lines.join("\n"),
    );
    await spoil();
    assert.ok(isRemote(await rejection(workers.close()), "Error"));
  },
  { needs: ["process"] },
);

law(
  "A pool inside an actor is gone when its task ends, and its calls have no more time than that task",
  async (env) => {
    await withNursery(async (scope) => {
      const host = await scope.start(pooling, env.options("host"));
      const { name: _name, ...start } = env.options("");
      const { ids, paths, remaining } = await host.with({ deadline: 10_000 }).call("pooled", start);
      for (const path of paths) assert.match(path, /^\/host\/pool-[12]$/);
      assert.ok(remaining !== undefined && remaining > 0 && remaining <= 10_000, `${remaining}`);
      for (const id of ids) assertGone(env, id);
    });
  },
  { needs: ["process"] },
);

// Shared resources.

/** How often an actor is opened and closed as a resource. */
class Resource {
  opened = 0;
  closed = 0;

  constructor(
    readonly env: LawEnv,
    readonly nursery: Awaited<ReturnType<typeof openNursery>>,
  ) {}

  readonly open = async (signal?: AbortSignal): Promise<Portal<Callee>> => {
    const portal = await this.nursery.start(callee, { ...this.env.options("resource"), signal });
    this.opened++;
    return portal;
  };
  readonly close = async (portal: Portal<Callee>): Promise<void> => {
    await portal.close();
    this.closed++;
  };
}

law("Tasks with one key, or equal arguments, open once, and each is told whether it hit", async (env) => {
  await using scope = await openNursery();
  const resource = new Resource(env, scope);
  const uses = await Promise.all(
    Array.from({ length: 4 }, () => shared(scope, ["db", { port: 1 }], resource.open, { close: resource.close })),
  );
  assert.deepEqual(
    uses.map(({ hit }) => hit),
    [false, true, true, true],
  );
  assert.equal(new Set(uses.map(({ value }) => value)).size, 1);
  assert.equal(resource.opened, 1);
  assert.equal(await uses[3]?.value.call("add", 1, 2), 3);
  const other = await shared(scope, ["db", { port: 2 }], resource.open, { close: resource.close });
  assert.equal(other.hit, false);
  assert.equal(resource.opened, 2);
  for (const use of [...uses, other]) await use.close();
  assert.equal(resource.closed, 2);
  // It is opened anew, and is not what it was.
  const again = await shared(scope, ["db", { port: 1 }], resource.open);
  assert.equal(again.hit, false);
  assert.notEqual(again.value, uses[0]?.value);
  await again.close();
});

law("The last user waits for the close, cancelled or not", async (env) => {
  await using scope = await openNursery();
  const closing = gate();
  let closed = false;
  const resource = new Resource(env, scope);
  const close = async (portal: Portal<Callee>): Promise<void> => {
    await closing.promise;
    await portal.close();
    closed = true;
  };
  const [first, last] = await Promise.all([
    shared(scope, "key", resource.open, { close }),
    shared(scope, "key", resource.open, { close }),
  ]);
  await first.close();
  assert.equal(closed, false);
  let left = false;
  const leaving = last.close().then(() => (left = true));
  // Who comes now waits for the close, and opens anew.
  const controller = new AbortController();
  const next = shared(scope, "key", resource.open, { close, signal: controller.signal });
  await Promise.resolve();
  assert.equal(left, false);
  closing.open();
  await leaving;
  assert.equal(closed, true);
  const anew = await next;
  assert.equal(anew.hit, false);
  assert.equal(resource.opened, 2);
  await anew.close();

  // One that is cancelled while it opens is told when what it had opened is closed again.
  const begun = gate();
  closed = false;
  const cancelled = rejection(
    shared(
      scope,
      "key",
      async () => {
        const portal = await resource.open();
        begun.open();
        await new Promise((resolve) => controller.signal.addEventListener("abort", resolve));
        return portal;
      },
      { close, signal: controller.signal },
    ),
  );
  await begun.promise;
  controller.abort("enough");
  const error = await cancelled;
  assert.ok(error instanceof Cancelled && error.reason === "enough");
  assert.equal(closed, true);
});

law("An open that fails or is cancelled is not cached; a waiting user opens anew", async (env) => {
  await using scope = await openNursery();
  const resource = new Resource(env, scope);
  const failing = gate();
  const first = rejection(
    shared(scope, "key", async () => {
      await failing.promise;
      throw new RangeError("no such database");
    }),
  );
  const waiting = [shared(scope, "key", resource.open), shared(scope, "key", resource.open)];
  failing.open();
  assert.ok((await first) instanceof RangeError);
  const uses = await Promise.all(waiting);
  assert.deepEqual(
    uses.map(({ hit }) => hit),
    [false, true],
  );
  for (const use of uses) await use.close();
  // Cancelled: its signal aborts, and a start that is given it ends.
  const controller = new AbortController();
  const cancelled = rejection(shared(scope, "key", resource.open, { signal: controller.signal }));
  const next = shared(scope, "key", resource.open);
  controller.abort("enough");
  assert.ok((await cancelled) instanceof Cancelled);
  const use = await next;
  assert.equal(use.hit, false);
  assert.equal(await use.value.call("add", 1, 2), 3);
  await use.close();
  assert.equal(resource.opened, 2);
});

law("Fast cancels of users in any order never wedge the key", async (env) => {
  await using scope = await openNursery();
  const resource = new Resource(env, scope);
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
    [0, 2, 1],
  ]) {
    const controllers = order.map(() => new AbortController());
    const users = controllers.map(({ signal }) =>
      shared(scope, "key", resource.open, { signal, close: resource.close }).then(
        (use) => use.close(),
        (error: unknown) => assert.ok(error instanceof Cancelled, String(error)),
      ),
    );
    for (const index of order) {
      controllers[index]?.abort();
      await Promise.resolve();
    }
    const survivor = await shared(scope, "key", resource.open, { close: resource.close });
    assert.equal(await survivor.value.call("add", 1, 2), 3);
    await survivor.close();
    await Promise.all(users);
  }
  assert.equal(resource.opened, resource.closed);
});

law("Cancelling the nursery that hosts resources completes their close", async (env) => {
  const scope = await openNursery();
  const elsewhere = await openNursery();
  const resource = new Resource(env, elsewhere);
  const closing = gate();
  const close = async (portal: Portal<Callee>): Promise<void> => {
    await closing.promise;
    await resource.close(portal);
  };
  const use = await shared(scope, "key", resource.open, { close });
  const begun = gate();
  let stopped: unknown;
  const opening = rejection(
    shared(scope, "other", (signal) => {
      begun.open();
      return new Promise<null>((_, reject) =>
        signal.addEventListener("abort", () => {
          stopped = signal.reason;
          reject(new Error("stopped"));
        }),
      );
    }),
  );
  const behind = rejection(shared(scope, "other", () => null));
  await begun.promise;
  let ended = false;
  const ending = scope.cancel("enough").then(() => (ended = true));
  for (const error of [await opening, await behind]) assert.ok(error instanceof Cancelled && error.reason === "enough");
  assert.ok(stopped instanceof Cancelled);
  assert.ok((await rejection(shared(scope, "key", () => null))) instanceof Error);
  assert.equal(ended, false);
  closing.open();
  await ending;
  assert.equal(resource.closed, 1);
  await use.close();
  assert.equal(resource.closed, 1);
  await elsewhere.close();
  // What closing throws there is the nursery's failure.
  const failing = await openNursery();
  await shared(failing, "key", () => null, {
    close: () => {
      throw new RangeError("not closed");
    },
  });
  assert.ok((await rejection(failing.close())) instanceof RangeError);
});

law("One inter-actor stream shared by n users has one remote task, which ends with the last", async (env) => {
  const notes = new Notes();
  await withNursery(async (scope) => {
    const portal = await scope.start(streams, env.options("peer", { stdio: notes.hear }));
    const user = async (count: number): Promise<number[]> => {
      const use = await shared(scope, ["ticks", portal.id.uuid], () => portal.open("forever"));
      const got: number[] = [];
      for await (const tick of use.value.stream.subscribe()) if (got.push(tick) === count) break;
      assert.equal(portal.stats.open, 1);
      await use.close();
      return got;
    };
    for (const got of await Promise.all([user(3), user(50), user(400)])) {
      const [first] = got as [number];
      assert.deepEqual(
        got,
        got.map((_, index) => first + index),
      );
    }
    assert.deepEqual(notes.words, ["finally"]);
    assert.equal(portal.stats.open, 0);
    // The next one opens it anew.
    assert.deepEqual(await user(2), [0, 1]);
    assert.equal(portal.stats.calls, 2);
  });
});

// Gather and clusters.

law("`gather` enters several scopes at once and leaves them in reverse", async (env) => {
  const order: string[] = [];
  const both = gate();
  let entering = 0;
  const enter = (name: string) => async () => {
    if (++entering === 2) both.open();
    // None of them is entered before the other has begun to be.
    await both.promise;
    const scope = await openNursery();
    const portal = await scope.start(callee, env.options(name));
    return {
      portal,
      async [Symbol.asyncDispose]() {
        await scope.close();
        order.push(name);
      },
    };
  };
  {
    await using gathered = await gather([enter("a"), enter("b")]);
    const [a, b] = gathered;
    assert.equal(await a.portal.call("add", 1, 2), 3);
    assert.equal(b.portal.id.name, "b");
    assert.deepEqual(order, []);
  }
  assert.deepEqual(order, ["b", "a"]);
});

law(
  "`gather` of nothing is refused with a hint; a failed entry leaves those entered, in reverse, and throws",
  async (env) => {
    const refused = await rejection(gather([]));
    assert.ok(refused instanceof InvalidOption);
    assert.match(refused.message, /gather: entries: .* at least one function, as \[\(\) => openNursery\(\)/);
    const order: string[] = [];
    const enter = (name: string) => async () => {
      const scope = await openNursery();
      await scope.start(callee, env.options(name));
      return {
        async [Symbol.asyncDispose]() {
          await scope.close();
          order.push(name);
        },
      };
    };
    await using scope = await openNursery();
    const failed = await rejection(
      gather([
        enter("a"),
        enter("b"),
        async () => {
          await until("both are there", () => order.length === 0);
          throw new RangeError("no way in");
        },
        // One that hears of it is no failure of its own.
        (signal) => scope.start(unready, { ...env.options("hangs in setup"), signal, stdio: "ignore" }),
      ]),
    );
    assert.ok(failed instanceof RangeError, String(failed));
    assert.deepEqual(order, ["b", "a"]);
    const several = await rejection(
      gather([() => Promise.reject(new RangeError("one")), () => Promise.reject(new TypeError("two"))]),
    );
    assert.ok(several instanceof AggregateError);
    assert.deepEqual(
      several.errors.map(({ name }) => name as string),
      ["RangeError", "TypeError"],
    );
    assert.ok((await rejection(gather([() => 5]))) instanceof InvalidOption);
  },
);

law(
  "A cluster gives a name -> portal map; a wrong count of names is refused; one member's death ends the rest",
  async (env) => {
    const { name: _name, ...start } = env.options("");
    for (const wrong of [{ size: 3, names: ["a", "b"] }, { names: [] }, { names: ["a", "a"] }, { size: 0 }]) {
      assert.ok((await rejection(openCluster(worker, { ...start, ...wrong }))) instanceof InvalidOption);
    }
    const cluster = await openCluster(worker, { ...start, names: ["a", "b"] });
    assert.deepEqual([...cluster.portals.keys()], ["a", "b"]);
    const [a, b] = ["a", "b"].map((one) => cluster.portals.get(one)) as [Portal<any>, Portal<any>];
    assert.equal((await a.call("info")).id.name, "a");
    const pending = rejection(b.call("wait"));
    const dying = rejection(a.call("leave", 3));
    const failure = await pending;
    assert.ok(failure instanceof ActorDied && failure.actor.name === "a");
    assert.equal(await dying, failure);
    assert.equal((await b.exited).kind, "cancelled");
    assert.equal(await rejection(cluster.close()), failure);
    // Named by itself, and hung on a nursery that its death fails.
    const failed = await rejection(
      withNursery(async (scope) => {
        const within = await openCluster(worker, { ...start, size: 2, nursery: scope });
        assert.deepEqual([...within.portals.keys()], ["cluster-1", "cluster-2"]);
        await rejection((within.portals.get("cluster-1") as Portal<any>).call("leave", 3));
        assert.equal(scope.status, "ending");
        assert.equal(within.status, "ending");
      }),
    );
    assert.ok(failed instanceof ActorDied && failed.actor.name === "cluster-1");
    // All or none.
    const unborn = await rejection(
      openCluster(unready, { ...start, names: ["fine", "throws in setup"], stdio: "ignore" }),
    );
    assert.ok(unborn instanceof StartFailed && unborn.actor.name === "throws in setup");
  },
);
