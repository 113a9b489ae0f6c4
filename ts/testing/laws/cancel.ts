// Section 6: cancelling and killing.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Portal, ProcessOptions } from "../../context/surface.js";
import type { Exit } from "../../errors/exit.js";
import { ActorDied, Cancelled, DeadlineExceeded } from "../../errors/kinds.js";
import { isRemote } from "../../errors/remote.js";
import { openNursery, withNursery } from "../../nursery/open.js";
import { thisProcess } from "../../nursery/runtime.js";
import { actor } from "../../nursery/source.js";
import { plant, spin } from "../actors/tree.js";
import { rejection, until } from "../gate.js";
import { latchOf, open } from "../latches.js";
import { section, type LawEnv } from "../law.js";
import { assertLeft } from "../left.js";
import { measured } from "../measured.js";
import { Notes } from "../notes.js";
import { isAlive, processState } from "../processes.js";
import { silent } from "../silent.js";

const worker = actor<typeof import("../actors/worker.js")>(new URL("../actors/worker.js", import.meta.url));
const scopes = actor<typeof import("../actors/scopes.js")>(new URL("../actors/scopes.js", import.meta.url));
const cancels = actor<typeof import("../actors/cancels.js")>(new URL("../actors/cancels.js", import.meta.url));
const severed = actor<typeof import("../actors/severed.js")>(new URL("../actors/severed.js", import.meta.url));
type Cancels = Portal<(typeof import("../actors/cancels.js"))["default"]["endpoints"]>;

export const cancel = section(6);
const { law } = cancel;

/** Beyond the bounds that a law sets: what a busy machine may take on top. */
const SLACK = 500;
/** Long enough that a law which gets this far has failed. */
const NEVER = 15_000;

/** Starts an actor, and ends it with the law however that goes. */
async function start(env: LawEnv, name: string, options: ProcessOptions = {}): Promise<Cancels> {
  const nursery = await openNursery({ onDeath: "report" });
  env.defer(() => nursery.close());
  const portal = await nursery.start(cancels, env.options(name, options));
  // A law that failed must not wait for what it found to wait for ever.
  env.defer(() => portal.kill());
  return portal;
}

/** Makes it loop for ever; resolves when it does. */
async function loop(env: LawEnv, portal: Cancels): Promise<void> {
  const file = join(env.directory, `${portal.id.name}-loops`);
  portal.call("loop", file).catch(() => {});
  if (env.has("process")) await until("the actor loops", () => existsSync(file));
  else await silent(portal);
}

/** Stops it; resolves when the system says so. */
async function stop(portal: Cancels): Promise<void> {
  portal.call("stop").catch(() => {});
  await until("the actor is stopped", () => processState(portal.id.pid as number)?.state === "T");
}

/** V8's heap comes and goes in anonymous mappings that begin at multiples of 256 KiB. */
const PAGE_OF_THE_HEAP = /^[0-9a-f]+[048c]0000-\S+ rw-p 00000000 00:00 0 *$/;
/** What else V8 takes as it pleases; a thread that stays is two a kill. */
const OTHER_MAPPINGS = 25;

/** What a few actors that ended just now may still hold, in KiB. */
const BUFFERS_IN_USE = 1_000;
/** What this process may have grown by, in KiB. */
const MEMORY_IN_USE = 20 * 1024;

function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
}

/** What `work` gives and how long it takes; what takes for ever fails here, and not by the deadline of the law. */
async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly took: number }> {
  const from = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const never = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still waiting after ${NEVER} ms`)), NEVER);
  });
  try {
    const value = await Promise.race([work(), never]);
    return { value, took: performance.now() - from };
  } finally {
    clearTimeout(timer);
  }
}

law("An actor that acknowledges ends without a signal, as cancelled, with the origin", async (env) => {
  const portal = await start(env, "obedient");
  const file = join(env.directory, "end");
  if (env.has("process")) await portal.call("noteEnd", file);
  assert.equal(await portal.cancel({ why: "enough" }), true);
  assert.deepEqual(await portal.exited, {
    kind: "cancelled",
    by: thisProcess().id,
    reason: { why: "enough" },
  } satisfies Exit);
  if (env.has("process")) assert.equal(readFileSync(file, "utf8"), "exit 0\n");
});

law(
  "A busy, stopped or SIGTERM-deaf actor is gone within cancelTimeout + killTimeout + 0.5 s",
  async (env) => {
    const steps = { cancelTimeout: 300, killTimeout: 700 };
    const bound = steps.cancelTimeout + steps.killTimeout + SLACK;
    const [busy, stopped, deaf, both] = await Promise.all(
      ["busy", "stopped", "deaf", "deaf-and-stopped"].map((name) => start(env, name, steps)),
    );
    await loop(env, busy as Cancels);
    await stop(stopped as Cancels);
    await (deaf as Cancels).call("noteEnd", join(env.directory, "deaf"));
    await loop(env, deaf as Cancels);
    await (both as Cancels).call("noteEnd", join(env.directory, "both"));
    await loop(env, both as Cancels);
    process.kill((both as Cancels).id.pid as number, "SIGSTOP");
    // One after the other: two that loop are all that two cores can bear.
    for (const portal of [stopped, busy, deaf, both] as Cancels[]) {
      const { value, took } = await timed(() => portal.cancel("out"));
      measured(`${portal.id.name} actor gone`, took);
      assert.equal(value, false, `${portal.id.name} has acknowledged`);
      assert.ok(took < bound, `${portal.id.name}: ${took} ms`);
      assert.deepEqual(await portal.exited, { kind: "killed", by: thisProcess().id } satisfies Exit);
      assert.equal(isAlive(portal.id.pid as number), false);
    }
  },
  { needs: ["process"] },
);

law(
  "A busy actor that set no SIGTERM handler of its own is gone at the SIGTERM step, not the SIGKILL step",
  async (env) => {
    const steps = { cancelTimeout: 200, killTimeout: NEVER };
    const busy = await start(env, "busy", steps);
    const stopped = await start(env, "stopped", steps);
    await loop(env, busy);
    // A stopped process keeps SIGTERM for later unless it is continued.
    await stop(stopped);
    for (const portal of [busy, stopped]) {
      const { took } = await timed(() => portal.cancel());
      measured(`${portal.id.name} actor gone, cancelTimeout 200`, took);
      assert.ok(took < NEVER / 3, `${portal.id.name}: ${took} ms`);
      assert.equal((await portal.exited).kind, "killed");
    }
  },
  { deadline: 40_000, needs: ["process"] },
);

law(
  "kill() ends a busy actor within 50 ms",
  async (env) => {
    const portal = await start(env, "busy", { cancelTimeout: NEVER, killTimeout: NEVER });
    await loop(env, portal);
    const { value, took } = await timed(() => portal.kill());
    measured("kill() of a busy actor", took);
    assert.deepEqual(value, { kind: "killed", by: thisProcess().id });
    assert.ok(took < 1_000, `${took} ms`);
    assert.equal(isAlive(portal.id.pid as number), false);
  },
  { needs: ["process"] },
);

law(
  "After 10,000 kills threads, descriptors and mappings are as before; the host loop never stalled",
  async (env) => {
    const many = env.has("process") ? 1_000 : 10_000;
    const rounds = process.env["BROOD_FULL"] ? many : Math.ceil(many * 0.03);
    const count = async () => ({
      threads: (await readdir("/proc/self/task")).length,
      descriptors: (await readdir("/proc/self/fd")).length,
      mappings: (await readFile("/proc/self/maps", "utf8")).split("\n").filter((line) => !PAGE_OF_THE_HEAP.test(line))
        .length,
      // Each channel has some 200 KiB of them: what stays of one actor in five is seen here first.
      buffers: Math.round(process.memoryUsage().arrayBuffers / 1024),
      // A process takes its memory along. V8's heap is as large as V8 pleases.
      memory: env.has("process") ? 0 : Math.round((process.memoryUsage().rss - process.memoryUsage().heapTotal) / 1024),
    });
    await withNursery(async (nursery) => {
      const once = async (): Promise<void> => {
        const portal = await nursery.start(cancels, env.options("victim"));
        const waiting = portal.call("heed");
        await portal.kill();
        await rejection(waiting);
      };
      // The heap finds its size first: its pages are mappings too.
      for (let round = 0; round < rounds / 6; round++) await once();
      collectGarbage();
      const before = await count();
      let stall = 0;
      let last = performance.now();
      const beat = setInterval(() => {
        const now = performance.now();
        stall = Math.max(stall, now - last);
        last = now;
      }, 5);
      try {
        for (let round = 0; round < rounds; round++) await once();
      } finally {
        clearInterval(beat);
      }
      let after = await count();
      // What ends within a turn or two, as the watcher's thread does, is no leak.
      await until("threads, descriptors, mappings and buffers are as before", async () => {
        collectGarbage();
        after = await count();
        return (
          after.threads <= before.threads &&
          after.descriptors <= before.descriptors &&
          after.mappings < before.mappings + OTHER_MAPPINGS &&
          after.buffers < before.buffers + BUFFERS_IN_USE &&
          after.memory < before.memory + MEMORY_IN_USE
        );
      }).catch((error: unknown) => {
        throw new Error(`${rounds} kills: ${JSON.stringify(before)} before, ${JSON.stringify(after)} after`, {
          cause: error,
        });
      });
      process.stdout.write(
        `  measured: ${rounds} kills: ${before.mappings} mappings and ${before.memory} KiB before, ${after.mappings} and ${after.memory} after\n`,
      );
      measured(`longest pause of the host's loop over ${rounds} kills`, stall);
      assert.ok(stall < 1_000, `the loop stood still for ${stall} ms`);
    });
  },
  { deadline: 600_000 },
);

law(
  "A busy grandchild whose own parent was killed is ended too",
  async (env) => {
    const nursery = await openNursery({ onDeath: "report" });
    env.defer(() => nursery.close());
    const portal = await plant(nursery, {
      method: env.method,
      depth: 2,
      via: "setup",
      sleepers: true,
      options: env.options(""),
    });
    const [, grandchild] = (await portal.call("pids")) as number[];
    await spin(portal, "deepest", join(env.directory, "loops"));
    const from = performance.now();
    await portal.kill();
    await until("the grandchild is gone", () => !isAlive(grandchild as number), 1_000);
    measured("kill() of a parent until its busy child is gone", performance.now() - from);
  },
  { needs: ["process", "nested nurseries"] },
);

law("Cancelling one actor leaves its siblings alone; cancelling n idle actors costs about one, not n", async (env) => {
  const count = 4;
  const nursery = await openNursery({ cancelTimeout: NEVER });
  env.defer(() => nursery.close());
  const names = Array.from({ length: count + 1 }, (_, index) => `actor-${index}`);
  const notes = new Notes();
  const [first, ...others] = (await Promise.all(
    names.map((name) => nursery.start(cancels, env.options(name, { stdio: notes.hear }))),
  )) as [Cancels, ...Cancels[]];
  assert.equal(await first.cancel(), true);
  assert.deepEqual(
    others.map(({ status }) => status),
    others.map(() => "running"),
  );
  for (const portal of others) assert.equal(await portal.call("add", 1, 2), 3);
  // Each ends only when all have been cancelled: cancelled one after the other, none of them ever would.
  const latch = latchOf(env, 500);
  for (const portal of others) await portal.open("meet", latch);
  const { took } = await timed(async () => {
    const cancelling = nursery.cancel();
    await notes.come(count);
    assert.deepEqual(notes.words, Array(count).fill("cancelled"));
    await open(env, latch);
    await cancelling;
  });
  measured(`cancelling ${count} actors together`, took);
  assert.deepEqual(notes.words.slice(count), Array(count).fill("met"));
  assert.deepEqual(
    await Promise.all(others.map(async ({ exited }) => (await exited).kind)),
    others.map(() => "cancelled"),
  );
});

/** The same of guests in a guest: the busy one is killed in the time that its parent gives it. */
async function guestTree(env: LawEnv, steps: { readonly cancelTimeout: number }): Promise<void> {
  const notes = new Notes();
  const nursery = await openNursery();
  env.defer(() => nursery.close());
  const portal = await nursery.start(scopes, env.options("root", { ...steps, stdio: notes.hear }));
  const { name: _name, ...options } = env.options("", steps);
  await portal.call("growBusy", 3, options);
  const { value, took } = await timed(() => portal.cancel());
  measured("tree of guests three deep, its leaf busy", took);
  assert.ok(took < steps.cancelTimeout + SLACK, `${took} ms`);
  assert.equal(value, true, "the root of the tree has not acknowledged");
  assert.deepEqual(notes.words, ["ends above 1", "ends above 2", "ends above 3"]);
}

law(
  "A tree of depth d whose leaves ignore cancel ends within the root's bound, not d times it",
  async (env) => {
    const steps = { cancelTimeout: 3_000, killTimeout: 3_000 };
    if (!env.has("process")) return guestTree(env, steps);
    for (const via of ["setup", "task"] as const) {
      for (const deaf of [false, true]) {
        const notes = join(env.directory, `${via}-${deaf}`);
        const nursery = await openNursery();
        env.defer(() => nursery.close());
        const portal = await plant(nursery, {
          method: env.method,
          depth: 3,
          via,
          sleepers: false,
          deaf,
          notes,
          options: env.options("", steps),
        });
        await spin(portal, "deepest", `${notes}-loops`);
        const { value, took } = await timed(() => portal.cancel());
        measured(`tree three deep, its leaf busy${deaf ? " and deaf to SIGTERM" : ""} (${via})`, took);
        assert.ok(took < steps.cancelTimeout + SLACK, `${took} ms`);
        // The levels above were given the time to say goodbye: each gave its child less than it had.
        assert.equal(value, true, "the root of the tree has not acknowledged");
        assert.equal(readFileSync(notes, "utf8"), "level-2\nlevel-3\n");
        await nursery.close();
      }
    }
  },
  { deadline: 60_000, needs: ["nested nurseries"] },
);

law(
  "A task that is cancelled while it starts or asks actors of its own has obeyed, and failed nobody",
  async (env) => {
    for (const [endpoint, word] of [
      ["startForEver", "started"],
      ["askForEver", "asked"],
    ] as const) {
      // The failure of a task whose caller was interrupted would be the nursery's.
      const notes = new Notes();
      const nursery = await openNursery();
      env.defer(() => nursery.cancel());
      const portal = await nursery.start(scopes, env.options(endpoint, { stdio: notes.hear }));
      const interrupted = rejection(portal.call(endpoint, env.options("")));
      await notes.come(word === "started" ? 2 : 1);
      await nursery.close();
      assert.ok((await interrupted) instanceof Cancelled);
      assert.equal((await portal.exited).kind, "cancelled");
      // And where the actor alone is cancelled, its caller hears of that.
      const again = new Notes();
      await withNursery(async (other) => {
        const alone = await other.start(scopes, env.options(endpoint, { stdio: again.hear }));
        const pending = rejection(alone.call(endpoint, env.options("")));
        await again.come(word === "started" ? 2 : 1);
        assert.equal(await alone.cancel("enough"), true);
        const error = await pending;
        assert.ok(error instanceof Cancelled && error.reason === "enough", String(error));
      });
    }
  },
  { needs: ["nested nurseries"] },
);

law(
  "What an actor said before it left is heard also by a host that wrote to it in between",
  async (env) => {
    for (const how of ["cancel", "uncaught"] as const) {
      const nursery = await openNursery({ onDeath: "report" });
      env.defer(() => nursery.close());
      const portal = await nursery.start(worker, env.options(how));
      const pid = portal.id.pid as number;
      const deadline = 100;
      const waiting = rejection(portal.with({ deadline }).call("wait"));
      const until = performance.now() + 2 * deadline;
      const asked = how === "cancel" ? portal.cancel("enough") : portal.call("uncaught", "last words");
      // What was asked is on its way; the answer is not read before the deadline has made this host write once more.
      await new Promise((resolve) => setImmediate(resolve));
      while (isAlive(pid) || performance.now() < until);
      assert.ok((await waiting) instanceof DeadlineExceeded);
      const exit = await portal.exited;
      if (how === "cancel") {
        assert.equal(await asked, true);
        assert.deepEqual(exit, { kind: "cancelled", by: thisProcess().id, reason: "enough" });
      } else {
        assert.ok(exit.kind === "failed" && isRemote(exit.error, "RangeError"), JSON.stringify(exit));
        assert.equal(exit.error.remote.message, "last words");
      }
    }
  },
  { needs: ["process"] },
);

law(
  "An actor that is killed while it sends has been killed, whatever frame it left half sent",
  async (env) => {
    const nursery = await openNursery({ onDeath: "report" });
    env.defer(() => nursery.close());
    const portal = await nursery.start(severed, env.options("sender", { env: { SEVERED_NOTES: "/dev/null" } }));
    const pid = portal.id.pid as number;
    const opening = portal.open("flood", 200_000);
    await new Promise((resolve) => setImmediate(resolve));
    // This host reads nothing meanwhile: the sender's socket is full within a frame.
    const until = performance.now() + 150;
    while (performance.now() < until);
    process.kill(pid, "SIGKILL");
    while (isAlive(pid));
    const opened = await opening;
    assert.deepEqual(await portal.exited, { kind: "signalled", signal: "SIGKILL" });
    const error = await rejection(opened.result());
    assert.ok(error instanceof ActorDied && error.exit.kind === "signalled", String(error));
  },
  { needs: ["process"] },
);

law("portal.cancel() tells whether it was acknowledged; an actor already dead counts as done", async (env) => {
  const obedient = await start(env, "obedient");
  assert.equal(await obedient.cancel(), true);
  assert.equal(await obedient.cancel(), true);
  const busy = await start(env, "busy", { cancelTimeout: 50, killTimeout: 50 });
  await loop(env, busy);
  // Asked twice, it is cancelled once, and both hear the same.
  assert.deepEqual(await Promise.all([busy.cancel(), busy.cancel()]), [false, false]);
  const left = await start(env, "left");
  left.call("leave", 3).catch(() => {});
  const exit = await left.exited;
  assertLeft(env, exit, 3);
  assert.equal(await left.cancel(), true);
  assert.equal(await left.kill(), exit);
  if (!env.has("process")) return;
  const dead = await start(env, "dead");
  process.kill(dead.id.pid as number, "SIGKILL");
  assert.deepEqual(await dead.exited, { kind: "signalled", signal: "SIGKILL" });
  assert.equal(await dead.cancel(), true);
  assert.deepEqual(await dead.kill(), { kind: "signalled", signal: "SIGKILL" });
});

law(
  "Our own portal.cancel() rejects our open context to that actor, as a cancel of the actor, naming us",
  async (env) => {
    const notes = new Notes();
    const portal = await start(env, "worker", { stdio: notes.hear });
    const context = await portal.open("heedContext");
    const result = rejection(context.result());
    assert.equal(await portal.cancel("we are done"), true);
    const error = await result;
    assert.ok(error instanceof Cancelled);
    assert.equal(error.scope, "actor");
    assert.equal(error.via, "cancel");
    assert.equal(error.canceller.uuid, thisProcess().id.uuid);
    assert.equal(error.reason, "we are done");
    assert.equal(error.actor?.uuid, portal.id.uuid);
    assert.equal(context.absorbed, false);
    const heard = { scope: "actor", via: "cancel", canceller: { ...thisProcess().id }, reason: "we are done" };
    assert.deepEqual(
      notes.words.map((word) => JSON.parse(word) as unknown),
      [heard],
    );
  },
);

law(
  "A cancel by deadline or AbortSignal says so; the reason in the peer's signal equals the one given",
  async (env) => {
    const notes = new Notes();
    const portal = await start(env, "worker", { cancelTimeout: 10_000, stdio: notes.hear });
    interface Heard {
      readonly scope: string;
      readonly via: string;
      readonly canceller: { readonly uuid: string };
      readonly reason: unknown;
    }
    /** What the tasks that were cancelled since the last time have heard. */
    const heard = async (count = 1): Promise<Heard[]> => {
      await notes.come(count);
      return notes.words.splice(0).map((word) => JSON.parse(word) as Heard);
    };

    const late = await rejection(portal.with({ deadline: 150 }).call("heed"));
    assert.ok(late instanceof DeadlineExceeded);
    assert.equal(late.deadline, 150);
    const [byDeadline] = await heard();
    assert.deepEqual(
      [byDeadline?.scope, byDeadline?.via, byDeadline?.canceller.uuid],
      ["call", "deadline", thisProcess().id.uuid],
    );

    const reason = { code: 42, words: ["not", "needed"] };
    const controller = new AbortController();
    const call = rejection(portal.with({ signal: controller.signal }).call("heed"));
    const context = await portal.with({ signal: controller.signal }).open("heedContext");
    const result = rejection(context.result());
    controller.abort(reason);
    for (const [scope, error] of [
      ["call", await call],
      ["context", await result],
    ] as const) {
      assert.ok(error instanceof Cancelled);
      assert.deepEqual([error.scope, error.via, error.reason, error.acknowledged], [scope, "signal", reason, true]);
    }
    const bySignal = await heard(2);
    assert.deepEqual(bySignal.map(({ scope }) => scope).sort(), ["call", "context"]);
    for (const { via, canceller, ...told } of bySignal) {
      assert.equal(via, "signal");
      assert.equal(canceller.uuid, thisProcess().id.uuid);
      assert.deepEqual(told.reason, reason);
    }

    const named = await portal.open("heedContext");
    await named.cancel(new RangeError("too far"));
    assert.deepEqual((await heard())[0]?.reason, { name: "RangeError", message: "too far" });

    // A bare AbortSignal has a reason of its own kind.
    const timeout = await rejection(portal.with({ signal: AbortSignal.timeout(100) }).call("heed"));
    assert.ok(timeout instanceof Cancelled);
    assert.deepEqual([timeout.via, (timeout.reason as Error).name], ["signal", "TimeoutError"]);
    const [byTimeout] = await heard();
    assert.equal((byTimeout?.reason as { name?: string } | undefined)?.name, "TimeoutError");
    assert.equal(portal.status, "running");
  },
);

law(
  "A child's deadline never lies after its parent's",
  async (env) => {
    const nursery = await openNursery();
    env.defer(() => nursery.close());
    const portal = await nursery.start(scopes, env.options("parent"));
    const options = env.options("");
    const bounded = portal.with({ deadline: 8_000 });
    for (const childs of [undefined, 1_000_000]) {
      const left = await bounded.call("timeLeft", childs, options);
      assert.ok(left.own !== undefined && left.own <= 8_000);
      // Asked later, the parent has a little less than when the child was called.
      assert.ok(
        left.childs !== undefined && left.childs <= 8_000,
        `the child had ${left.childs} ms, its parent ${left.own}`,
      );
    }
    const less = await bounded.call("timeLeft", 500, options);
    assert.ok(less.childs !== undefined && less.childs <= 500);
    const free = await portal.call("timeLeft", undefined, options);
    assert.deepEqual(free, { own: undefined, childs: undefined });
    // And it is kept: a parent whose deadline has come does not wait for its child's.
    const { value, took } = await timed(() => rejection(portal.with({ deadline: 400 }).call("waitForChild", options)));
    // The two come within the same millisecond: the child's end may be the first that is heard of.
    assert.ok(value instanceof DeadlineExceeded || isRemote(value, "DeadlineExceeded"), String(value));
    assert.ok(took < 400 + SLACK, `${took} ms`);
  },
  { needs: ["nested nurseries"] },
);

law(
  "Awaiting a process's exit can be aborted and occupies no pool thread",
  async (env) => {
    const nursery = await openNursery();
    env.defer(() => nursery.close());
    // One more than libuv's pool has threads (4, unless the environment says otherwise).
    const count = Number(process.env["UV_THREADPOOL_SIZE"] ?? 4) + 1;
    const portals = await Promise.all(
      Array.from({ length: count }, (_, index) => nursery.start(worker, env.options(`actor-${index}`))),
    );
    const exits = portals.map(({ exited }) => exited);
    const joined = nursery.join();
    const controller = new AbortController();
    const oneShot = rejection(
      nursery.run(worker, "wait", [], { ...env.options("one-shot"), signal: controller.signal }),
    );
    await until("the one-shot runs", () => nursery.children.length === count + 1);
    // A job of the pool gets its turn while all of them are waited for.
    const job = readFile("/proc/self/stat", "utf8");
    assert.ok(
      (await Promise.race([job, sleep(5_000, "starved", { ref: false })])) !== "starved",
      "the pool was starved",
    );
    controller.abort("not needed");
    const error = await oneShot;
    assert.ok(error instanceof Cancelled);
    assert.equal(error.reason, "not needed");
    await nursery.cancel();
    await joined;
    assert.deepEqual(
      (await Promise.all(exits)).map(({ kind }) => kind),
      exits.map(() => "cancelled"),
    );
  },
  { needs: ["process"] },
);
