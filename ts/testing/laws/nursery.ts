// Section 2: the runtime and the nursery.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Nursery, Portal } from "../../context/surface.js";
import { ActorDied, Cancelled, NurseryClosed, StartFailed } from "../../errors/kinds.js";
import { isRemote, RemoteActorError } from "../../errors/remote.js";
import { loadEngine } from "../../native/load.js";
import { openNursery, withNursery } from "../../nursery/open.js";
import { thisProcess } from "../../nursery/runtime.js";
import { actor } from "../../nursery/source.js";
import { bounded } from "../bounded.js";
import { rejection } from "../gate.js";
import { latchOf, open, OPEN } from "../latches.js";
import { section } from "../law.js";
import { assertGone, assertLeft, assertThere } from "../left.js";
import { Notes } from "../notes.js";
import { isAlive } from "../processes.js";
import { Program } from "../program.js";
import { silent } from "../silent.js";

const worker = actor<typeof import("../actors/worker.js")>(new URL("../actors/worker.js", import.meta.url));
const scopes = actor<typeof import("../actors/scopes.js")>(new URL("../actors/scopes.js", import.meta.url));
const unready = actor<typeof import("../actors/unready.js")>(new URL("../actors/unready.js", import.meta.url));

export const nursery = section(2);
const law = bounded(nursery);

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const text = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");

law(
  "The first nursery boots the runtime; after its end no actor is current and a new nursery works",
  async (env) => {
    const listeners = (): number[] => SIGNALS.map((signal) => process.listenerCount(signal));
    const before = listeners();
    const self = thisProcess().id;
    for (const word of ["first", "second"]) {
      const scope = await openNursery();
      assert.deepEqual(
        listeners(),
        before.map((count) => count + 1),
      );
      const portal = await scope.start(worker, env.options(word));
      assert.equal(portal.path, `/${word}`);
      assert.deepEqual((await portal.call("info")).parent, self);
      await scope.close();
      assert.deepEqual(listeners(), before);
      assert.equal(thisProcess().parent, undefined);
      assert.equal(thisProcess().path, "");
    }
  },
  { needs: ["main thread"] },
);

law(
  "join() awaited at top level never ends Node with exit code 13 while an actor lives",
  async (env) => {
    const latch = latchOf(env, 300);
    const program = new Program("joiner", { latch, method: env.method });
    env.defer(() => program.signal("SIGKILL"));
    await program.event("joining");
    await open(env, latch);
    await program.event("joined");
    assert.deepEqual(await program.ended, { code: 0, signal: null });
  },
  { needs: ["main thread"] },
);

law("A scope left normally, by throw, early return, abort or cancel leaves no actor alive", async (env) => {
  const own = new Error("own");
  const ways: Record<string, (scope: Nursery, controller: AbortController) => Promise<unknown>> = {
    normally: () => Promise.resolve(),
    throw: () => Promise.reject(own),
    "early return": async (scope) => {
      for (const child of scope.children) if (child.status === "running") return;
      await Promise.reject(new Error("no actor runs"));
    },
    abort: async (scope, controller) => {
      const waiting = (await scope.start(worker, env.options("aborted")))
        .with({ signal: controller.signal })
        .call("wait");
      controller.abort(own);
      await waiting;
    },
    cancel: (scope) => scope.cancel(own),
  };
  for (const [name, way] of Object.entries(ways)) {
    let left: Portal<any> | undefined;
    const scope = withNursery(async (inner) => {
      left = await inner.start(worker, env.options("left"));
      assertThere(env, left.id);
      void left.call("forever");
      await way(inner, new AbortController());
    });
    const [outcome] = await Promise.allSettled([scope]);
    assertGone(env, left?.id);
    assert.equal(left?.status, "ended", name);
    if (name === "throw") assert.equal((outcome as PromiseRejectedResult).reason, own);
    else if (name === "abort") assert.equal((outcome as PromiseRejectedResult).reason.reason, own);
    else assert.equal(outcome?.status, "fulfilled", name);
  }
});

law(
  "An endpoint's error that the body lets through cancels every actor and leaves the scope bare, boxed once",
  async (env) => {
    const exits: Promise<unknown>[] = [];
    const thrown = await rejection(
      withNursery(async (scope) => {
        const failing = await scope.start(worker, env.options("failing"));
        const sibling = await scope.start(worker, env.options("sibling"));
        exits.push(failing.exited, sibling.exited);
        void sibling.call("wait");
        await failing.call("fail", "boxed");
      }),
    );
    assert.ok(isRemote(thrown, "TypeError"));
    assert.equal(thrown.remote.message, "boxed");
    assert.equal(thrown.errors, undefined);
    assert.equal("cause" in thrown, false);
    for (const exit of exits) assert.equal(((await exit) as { kind: string }).kind, "cancelled");
  },
);

law(
  "An actor that dies unasked aborts nursery.signal, cancels its siblings, and rejects every pending brood call of the body",
  async (env) => {
    const scope = await openNursery();
    const dying = await scope.start(worker, env.options("dying"));
    const sibling = await scope.start(worker, env.options("sibling"));
    const notes = new Notes();
    const starting = scope.start(unready, env.options("hangs in setup", { stdio: notes.hear }));
    const pending = sibling.call("wait");
    assert.equal(await notes.come(), "in setup");
    const died = await rejection(dying.call("leave", 3));
    assert.ok(died instanceof ActorDied);
    assertLeft(env, died.exit, 3);
    assert.equal(await rejection(pending), died);
    assert.equal(scope.signal.aborted, true);
    assert.equal(scope.signal.reason, died);
    assert.equal(await rejection(starting), died);
    assert.equal((await sibling.exited).kind, "cancelled");
    assert.equal(await rejection(scope.close()), died);
  },
);

law("Two actors that fail on their own give an AggregateError of exactly two, in start order", async (env) => {
  const latch = latchOf(env, 400);
  const scope = await openNursery();
  const first = await scope.start(worker, env.options("first"));
  const second = await scope.start(worker, env.options("second"));
  const third = await scope.start(worker, env.options("third"));
  // Busy, so that it leaves of its own accord even though it was asked meanwhile.
  const leaving = first.call("leaveBusy", latch, 4);
  await silent(first);
  void second.call("leaveBusy", OPEN, 5);
  await rejection(leaving);
  assert.equal(scope.status, "ending");
  await open(env, latch);
  const thrown = await rejection(scope.close());
  assert.ok(thrown instanceof AggregateError);
  assert.deepEqual(
    thrown.errors.map((error: ActorDied) => error.actor.name),
    ["first", "second"],
  );
  for (const [index, code] of [4, 5].entries()) assertLeft(env, (thrown.errors[index] as ActorDied).exit, code);
  assert.equal((await third.exited).kind, "cancelled");
});

law("When one of several fails, the others end as cancelled and add no entry", async (env) => {
  const scope = await openNursery();
  const portals = await Promise.all(
    ["one", "two", "three", "four"].map((name) => scope.start(worker, env.options(name))),
  );
  const [one, two, three, four] = portals as [
    (typeof portals)[0],
    (typeof portals)[0],
    (typeof portals)[0],
    (typeof portals)[0],
  ];
  // At work in every way in which an actor can be.
  void one.call("wait");
  void three.call("forever");
  await four.open("linger");
  void two.call("leave", 3);
  const thrown = await rejection(scope.join());
  assert.ok(thrown instanceof ActorDied);
  assert.equal(thrown.actor.name, "two");
  for (const portal of [one, three, four]) {
    const exit = await portal.exited;
    assert.equal(exit.kind, "cancelled");
    assert.equal((exit as { reason: unknown }).reason, thrown);
  }
});

law("The body's own error is thrown, not the cancellations it caused", async (env) => {
  const own = new Error("own");
  const thrown = await rejection(
    withNursery(async (scope) => {
      const portal = await scope.start(worker, env.options("worker"));
      void portal.call("wait");
      void portal.call("forever");
      throw own;
    }),
  );
  assert.equal(thrown, own);
});

law(
  "An error of the body that the nursery's end did not bring about stands beside the failure that ended it",
  async (env) => {
    let [earlier, death]: unknown[] = [];
    const thrown = await rejection(
      withNursery(async (scope) => {
        const spared = await scope.start(worker, env.options("spared", { onDeath: "report" }));
        earlier = await rejection(spared.call("leave", 4));
        const dying = await scope.start(worker, env.options("dying"));
        death = await rejection(dying.call("leave", 3));
        throw earlier;
      }),
    );
    assert.ok(earlier instanceof ActorDied && death instanceof ActorDied);
    assert.ok(thrown instanceof AggregateError, String(thrown));
    assert.deepEqual(thrown.errors, [earlier, death]);
  },
);

law(
  "A tree two wide and three deep with failing leaves gives the root every leaf failure, nested by level",
  async (env) => {
    const { name: _name, ...options } = env.options("");
    const levels = await withNursery(async (scope) => {
      const roots = await Promise.all(["left", "right"].map((name) => scope.start(scopes, env.options(name))));
      return Promise.all(roots.map((root) => rejection(root.call("tree", 2, options))));
    });
    const shape = (error: unknown): unknown => {
      assert.ok(error instanceof RemoteActorError);
      return error.errors === undefined ? error.remote.message : [error.remote.message, ...error.errors.map(shape)];
    };
    const leaf = (path: string): string => path;
    assert.deepEqual(
      levels.map(shape),
      ["/left", "/right"].map((root) => [
        "level 2",
        ...["left", "right"].map((middle) => [
          "level 1",
          leaf(`${root}/${middle}/left`),
          leaf(`${root}/${middle}/right`),
        ]),
      ]),
    );
  },
  { deadline: 40_000, needs: ["nested nurseries"] },
);

law("A failure raised while being cancelled, as in a finally, is not hidden by the cancel", async (env) => {
  // Of the nursery: nobody hears the call any more, so the nursery tells.
  const scope = await openNursery();
  const portal = await scope.start(worker, env.options("worker"));
  const call = portal.call("failOnCancel", "raised by the nursery's");
  await portal.call("add", 1, 1);
  await scope.cancel("enough");
  assert.ok((await rejection(call)) instanceof Cancelled);
  assert.ok(isRemoteWith(await rejection(scope.close()), "raised by the nursery's"));

  await withNursery(async (inner) => {
    // Of the call, of the actor: its caller hears it.
    const other = await inner.start(worker, env.options("other"));
    const controller = new AbortController();
    const aborted = other.with({ signal: controller.signal }).call("failOnCancel", "raised by the call's");
    controller.abort();
    assert.ok(isRemoteWith(await rejection(aborted), "raised by the call's"));
    const cancelled = rejection(other.call("failOnCancel", "raised by the actor's"));
    await other.cancel();
    assert.ok(isRemoteWith(await cancelled, "raised by the actor's"));
  });
});

const isRemoteWith = (error: unknown, message: string): boolean => isRemote(error) && error.remote.message === message;

law("A cancel that meets a starting sibling stays a cancel; a start failure stays a start failure", async (env) => {
  const notes = new Notes();
  const cancelled = await openNursery();
  const starting = cancelled.start(unready, env.options("hangs in setup", { stdio: notes.hear }));
  await notes.come();
  await cancelled.cancel("enough");
  const error = await rejection(starting);
  assert.ok(error instanceof Cancelled);
  assert.equal(error.scope, "nursery");
  assert.equal(error.reason, "enough");
  assert.equal(error.canceller, thisProcess().id);
  await cancelled.close();

  for (const phase of env.has("node") ? (["load", "setup"] as const) : (["setup"] as const)) {
    const sibling: Promise<unknown>[] = [];
    const failed = await rejection(
      withNursery(async (scope) => {
        sibling.push((await scope.start(worker, env.options("sibling"))).exited);
        const more = phase === "load" ? { env: { LAW_HOW: "throw on load" } } : {};
        await scope.start(unready, env.options("throws in setup", more));
      }),
    );
    assert.ok(failed instanceof StartFailed);
    assert.equal(failed.phase, phase);
    assert.ok(isRemote(failed.cause, "RangeError"));
    assert.equal(((await sibling[0]) as { kind: string }).kind, "cancelled");
  }
});

law("A nursery cancelled while an actor starts ends that actor before the scope settles", async (env) => {
  for (const end of [
    (scope: Nursery) => scope.cancel(),
    (scope: Nursery) => scope.close(),
    (scope: Nursery) => scope[Symbol.asyncDispose](),
  ]) {
    const notes = new Notes();
    const scope = await openNursery();
    const caught = rejection(scope.start(unready, env.options("hangs in setup", { stdio: notes.hear })));
    await notes.come();
    await end(scope);
    assert.equal(scope.status, "ended");
    const error = await caught;
    assert.ok(error instanceof Cancelled);
    assertGone(env, error.actor);
  }
});

law(
  "Teardown runs from the leaves up: an actor's own nursery is empty before the actor ends",
  async (env) => {
    const notes = join(env.directory, "notes");
    const { name: _name, ...options } = env.options("");
    const heard = new Notes();
    const living = (pids: readonly number[]): number =>
      env.has("process") ? pids.filter(isAlive).length : loadEngine().stats().actors;
    const pids: number[] = [];
    await withNursery(async (scope) => {
      const top = await scope.start(scopes, env.options("top", env.has("process") ? {} : { stdio: heard.hear }));
      pids.push(...(await top.call("chain", notes, ["middle", "leaf"], options)));
      assert.equal(living(pids), 3);
    });
    assert.equal(living(pids), 0);
    const told = env.has("process") ? text(notes).trimEnd().split("\n") : heard.words;
    assert.deepEqual(told, ["leaf 0", "middle 0", "top 0"]);
  },
  { needs: ["nested nurseries"] },
);

law("After nursery.cancel() the nursery says so, and later starts are refused", async (env) => {
  const scope = await openNursery({ name: "cancelled" });
  const portal = await scope.start(worker, env.options("worker"));
  const cancelling = scope.cancel("enough");
  assert.equal(scope.status, "ending");
  assert.equal(scope.signal.aborted, true);
  assert.ok(scope.signal.reason instanceof Cancelled);
  assert.equal(scope.signal.reason.reason, "enough");
  for (const status of ["ending", "closed"]) {
    for (const refused of [
      scope.start(worker, env.options("late")),
      scope.run(worker, "add", [1, 1], { spawn: env.method }),
    ]) {
      const error = await rejection(refused);
      assert.ok(error instanceof NurseryClosed);
      assert.match(error.message, /^nursery cancelled is (ending|closed): /);
      assert.equal(error.cause, scope.signal.reason);
    }
    await cancelling;
    assert.equal(scope.status, "ended", status);
  }
  assert.equal((await portal.exited).kind, "cancelled");
  assert.deepEqual(scope.children, []);
  // A cancel is no failure.
  await scope.close();
});

law(
  "Work deferred to an actor's end runs once, in reverse, on return, failure, cancel and SIGINT: a temporary file is gone",
  async (env) => {
    const words = ["a", "b", "c"];
    /** What a guest notes comes to its host. */
    const stdio = (notes: string) => (env.has("process") ? undefined : new Notes(notes).hear);
    const check = async (how: string, body: (notes: string, temporary: string) => Promise<unknown>): Promise<void> => {
      const notes = join(env.directory, `${how}.notes`);
      const temporary = join(env.directory, `${how}.temporary`);
      await body(notes, temporary);
      assert.equal(text(notes), "c\nb\na\n", how);
      assert.equal(existsSync(temporary), false, how);
    };
    const made = (temporary: string): void => assert.equal(existsSync(temporary), env.has("process"));
    await check("return", (notes, temporary) =>
      withNursery((scope) =>
        scope.run(worker, "deferAtEnd", [words, notes, temporary], env.options("tidy", { stdio: stdio(notes) })),
      ),
    );
    await check("failure of the body", async (notes, temporary) => {
      const failing = withNursery(async (scope) => {
        const portal = await scope.start(worker, env.options("tidy", { stdio: stdio(notes) }));
        await portal.call("deferAtEnd", words, notes, temporary);
        made(temporary);
        await portal.call("fail", "let through");
      });
      assert.ok(isRemote(await rejection(failing), "TypeError"));
    });
    await check("failure of the actor", async (notes, temporary) => {
      const failing = withNursery(async (scope) => {
        const portal = await scope.start(worker, env.options("tidy", { stdio: stdio(notes) ?? "ignore" }));
        await portal.call("deferAtEnd", words, notes, temporary);
        void portal.call("uncaught", "uncaught");
        await scope.join();
      });
      assert.ok((await rejection(failing)) instanceof ActorDied);
    });
    await check("cancel", (notes, temporary) =>
      withNursery(async (scope) => {
        const portal = await scope.start(worker, env.options("tidy", { stdio: stdio(notes) }));
        await portal.call("deferAtEnd", words, notes, temporary);
        assert.equal(await portal.cancel(), true);
      }),
    );
    await check("SIGINT", async (notes, temporary) => {
      const program = new Program("deferrer", { notes, words, temporary, method: env.method });
      env.defer(() => program.signal("SIGKILL"));
      await program.event("deferred");
      made(temporary);
      program.signal("SIGINT");
      assert.deepEqual(await program.ended, { code: null, signal: "SIGINT" });
    });
    // A start that fails has deferred work too.
    const notes = new Notes();
    const failed = await rejection(
      withNursery((scope) => scope.start(unready, env.options("throws in setup", { stdio: notes.hear }))),
    );
    assert.ok(failed instanceof StartFailed);
    assert.equal(failed.phase, "setup");
    assert.deepEqual(notes.words, ["in setup", "deferred"]);
  },
);

law(
  "A rejection nobody awaits fails the actor, with the rejection as cause",
  async (env) => {
    const scope = await openNursery();
    const portal = await scope.start(worker, env.options("worker", { stdio: "ignore" }));
    void portal.call("reject");
    const exit = await portal.exited;
    assert.equal(exit.kind, "failed");
    const died = await rejection(scope.close());
    assert.ok(died instanceof ActorDied);
    assert.ok(isRemote(died.cause, "RangeError"));
    assert.equal(died.cause.remote.message, "nobody awaits this");
    assert.equal(died.cause, (exit as { error: Error }).error);
    assert.match(died.cause.remote.stack, /worker\.js/);
  },
  { needs: ["unhandled rejections"] },
);

law(
  "An error of a callback that nobody awaits fails the actor, with that error as cause; so does what its promise rejects with",
  async (env) => {
    for (const how of ["timer", "microtask", "promise of a timer", "listener"] as const) {
      const scope = await openNursery();
      const portal = await scope.start(worker, env.options("worker", { stdio: "ignore" }));
      void portal.call("failIn", how);
      const exit = await portal.exited;
      assert.equal(exit.kind, "failed", how);
      const died = await rejection(scope.close());
      assert.ok(died instanceof ActorDied);
      assert.ok(isRemote(died.cause, "RangeError"), String(died.cause));
      assert.equal(died.cause.remote.message, `in a ${how}`);
      assert.equal(died.cause, (exit as { error: Error }).error);
      assert.match(died.cause.remote.stack, /worker\.js:\d+/);
    }
  },
);

// Beyond the sentences of the specification: what the design page adds to them.

law(
  "A failure in a task's own nursery reaches the caller once, and not at all where the task has met it",
  async (env) => {
    await withNursery(async (scope) => {
      const portal = await scope.start(scopes, env.options("worker"));
      const failed = await rejection(portal.call("failBelow", env.options("below")));
      assert.ok(isRemote(failed, "ActorDied"));
      assert.equal(failed.errors, undefined);
      assert.equal(await portal.call("catchBelow", env.options("below")), "ActorDied");
      assert.ok(isRemote(await rejection(portal.call("ignoreBelow", env.options("below"))), "ActorDied"));
    });
  },
  { needs: ["nested nurseries"] },
);

law(
  "A task ends only after the actors of its nursery, also those that are deaf",
  async (env) => {
    await withNursery(async (scope) => {
      const portal = await scope.start(scopes, env.options("worker"));
      const pid = await portal.call("leaveLooping", env.options("below"));
      if (env.has("process")) assert.equal(isAlive(pid), false);
      else assert.equal(loadEngine().stats().actors, 1);
    });
  },
  { needs: ["nested nurseries"] },
);
