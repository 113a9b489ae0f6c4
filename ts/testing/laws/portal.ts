// Section 3: the portal, calls, the one-shot run.
import assert from "node:assert/strict";
import type { OutputLine } from "../../context/surface.js";
import {
  ActorDied,
  Cancelled,
  DeadlineExceeded,
  InvalidMessage,
  InvalidOption,
  UnknownEndpoint,
  Unsupported,
} from "../../errors/kinds.js";
import { isRemote } from "../../errors/remote.js";
import { openNursery, withNursery } from "../../nursery/open.js";
import { thisProcess } from "../../nursery/runtime.js";
import { actor } from "../../nursery/source.js";
import { bounded } from "../bounded.js";
import { rejection, until } from "../gate.js";
import { section } from "../law.js";
import { assertGone, assertLeft } from "../left.js";
import { Notes } from "../notes.js";

const worker = actor<typeof import("../actors/worker.js")>(new URL("../actors/worker.js", import.meta.url));
const callee = actor<typeof import("../actors/callee.js")>(new URL("../actors/callee.js", import.meta.url));

export const portal = section(3);
const law = bounded(portal);

/** How long four actors may take until they are ready, in ms. */
const START_TIMEOUT = 10_000;

const uncompiled = (call: unknown): ((...args: unknown[]) => Promise<unknown>) =>
  call as (...args: unknown[]) => Promise<unknown>;

law("A call returns the endpoint's value; undefined, null and an empty string stay apart", async (env) => {
  await withNursery(async (scope) => {
    const called = await scope.start(callee, env.options("callee"));
    assert.equal(await called.call("nothing"), undefined);
    assert.equal(await called.call("null"), null);
    assert.equal(await called.call("empty"), "");
    assert.equal(await called.call("add", 1, 2), 3);
    for (const value of [undefined, null, "", false, 0, -0, NaN, [], {}, "text", { a: [undefined, null, ""] }]) {
      for (const endpoint of ["echo", "later"] as const)
        assert.ok(sameValue(await called.call(endpoint, value), value), String(value));
    }
    // Arguments stay apart too: what is left out is not there.
    assert.equal(await called.call("count"), 0);
    assert.equal(await called.call("count", undefined), 1);
    assert.equal(await called.call("count", null, undefined, ""), 3);
  });
});

function sameValue(a: unknown, b: unknown): boolean {
  assert.deepStrictEqual(a, b);
  return typeof a === "object" || Object.is(a, b);
}

law("A daemon serves many calls, in turn and at once, and ends only on cancel", async (env) => {
  await withNursery(async (scope) => {
    const daemon = await scope.start(callee, env.options("daemon"));
    for (let i = 0; i < 50; i++) assert.equal(await daemon.call("add", i, 1), i + 1);
    // None of these is answered before the last of them has come, and they are answered from the last to the first.
    const keys = Array.from({ length: 300 }, (_, i) => `key ${i}`);
    const held = keys.map((key) => daemon.call("hold", key));
    const order: string[] = [];
    for (const one of held) void one.then((value) => order.push(value));
    for (const key of [...keys].reverse()) await daemon.call("release", key, key);
    assert.deepEqual(await Promise.all(held), keys);
    assert.deepEqual(order, [...keys].reverse());
    assert.deepEqual(daemon.stats.open, 0);
    assert.equal(daemon.status, "running");
    assert.equal(await daemon.cancel("enough"), true);
    assert.deepEqual(await daemon.exited, { kind: "cancelled", by: thisProcess().id, reason: "enough" });
    assert.equal(daemon.status, "ended");
  });
});

law("An unknown or unexposed endpoint rejects, naming near matches; the actor lives on", async (env) => {
  await withNursery(async (scope) => {
    const called = await scope.start(callee, env.options("callee"));
    const call = uncompiled(called.call.bind(called));
    const near = await rejection(call("realease"));
    assert.ok(near instanceof UnknownEndpoint);
    assert.equal(near.endpoint, "realease");
    assert.equal(near.actor.uuid, called.id.uuid);
    assert.match(
      near.message,
      /^unknown endpoint "realease": callee \(\/callee\): the actor has release, .* and \d+ more\. Did you mean release\?$/,
    );
    for (const name of [
      "secret",
      "default",
      "endpoints",
      "toString",
      "constructor",
      "__proto__",
      "hasOwnProperty",
      "x".repeat(10_000),
    ]) {
      const unexposed = await rejection(call(name));
      assert.ok(unexposed instanceof UnknownEndpoint, name);
      assert.match(unexposed.message, /: the actor has /, name);
    }
    assert.ok((await rejection(uncompiled(called.open.bind(called))("dialog"))) instanceof UnknownEndpoint);
    assert.equal(called.stats.calls, 0);
    assert.equal(await called.call("add", 1, 2), 3);
  });
});

law("Bad arguments reject in the caller with the callee's error; the actor lives on", async (env) => {
  await withNursery(async (scope) => {
    const called = await scope.start(callee, env.options("callee"));
    const error = await rejection(uncompiled(called.call.bind(called))("add", 1, "2"));
    assert.ok(isRemote(error, "TypeError"));
    assert.equal(error.remote.message, "a and b must be numbers");
    assert.deepEqual(error.remote.fields, { got: ["number", "string"] });
    assert.equal(error.actor.uuid, called.id.uuid);
    assert.match(error.message, /^call add failed: callee \(\/callee\): TypeError: a and b must be numbers$/);
    assert.equal(await called.call("add", 1, 2), 3);
  });
});

law(
  "A value that cannot be encoded rejects in the sender, naming the path within it, and leaves no open call",
  async (env) => {
    await withNursery(async (scope) => {
      const called = await scope.start(callee, env.options("callee"));
      const { calls } = called.stats;
      const refused = await rejection(called.call("echo", { items: [0, 1, 2, { run: () => 1 }] }));
      assert.ok(refused instanceof InvalidMessage);
      assert.equal(refused.at, "args[0].items[3].run");
      assert.match(refused.message, /args\[0\]\.items\[3\]\.run: a function cannot be sent/);
      const second = await rejection(called.call("count", 1, Symbol("second")));
      assert.ok(second instanceof InvalidMessage);
      assert.equal(second.at, "args[1]");
      // Nothing was sent.
      assert.equal(called.stats.open, 0);
      assert.equal(called.stats.calls, calls);
      for (const [endpoint, at] of [
        ["returnFunction", "result.list[1].call"],
        ["returnPromiseOfFunction", "result.deep.call"],
      ] as const) {
        const result = await rejection(called.call(endpoint));
        assert.ok(isRemote(result, "InvalidMessage"));
        assert.ok(result.remote.message.includes(`${at}: a function cannot be sent`), result.remote.message);
        assert.equal(called.stats.open, 0);
      }
      assert.equal(await called.call("add", 1, 2), 3);
    });
  },
);

law(
  "A one-shot's actor is reaped before its promise settles, also when the acknowledgement never comes",
  async (env) => {
    await withNursery(async (scope) => {
      const { name: _name, ...options } = env.options("", { cancelTimeout: 50, killTimeout: 50 });
      for (const endpoint of ["id", "deafen"] as const) {
        const id = await scope.run(callee, endpoint, [], options);
        assertGone(env, id);
        assert.deepEqual(scope.children, []);
      }
      // Nor when it fails or dies.
      const notes = new Notes();
      const controller = new AbortController();
      const aborted = scope.run(callee, "holdUntilCancelled", [], {
        ...options,
        stdio: notes.hear,
        signal: controller.signal,
      });
      await notes.come();
      const [oneShot] = scope.children;
      controller.abort();
      await rejection(aborted);
      assertGone(env, oneShot?.id);
      const died = await rejection(scope.run(worker, "leave", [3], options));
      assert.ok(died instanceof ActorDied);
      assertLeft(env, died.exit, 3);
      assertGone(env, died.actor);
    });
  },
);

law(
  "A one-shot's failure rejects in the task that awaits it and cancels nothing else unless let through",
  async (env) => {
    const options = { spawn: env.method };
    const scope = await openNursery();
    const sibling = await scope.start(callee, env.options("sibling"));
    const pending = sibling.call("hold", "key");
    assert.ok(isRemote(await rejection(scope.run(worker, "fail", ["thrown"], options)), "TypeError"));
    // Nor does its death: the caller is told.
    assert.ok((await rejection(scope.run(worker, "leave", [3], options))) instanceof ActorDied);
    assert.ok(
      (await rejection(scope.run(worker, "wait", [], { ...options, deadline: 20 }))) instanceof DeadlineExceeded,
    );
    assert.equal(scope.status, "open");
    assert.equal(scope.signal.aborted, false);
    await sibling.call("release", "key", "spared");
    assert.equal(await pending, "spared");
    await scope.close();

    let exited: Promise<unknown> | undefined;
    const letThrough = await rejection(
      withNursery(async (inner) => {
        const other = await inner.start(callee, env.options("sibling"));
        exited = other.exited;
        await inner.run(worker, "fail", ["thrown"], options);
      }),
    );
    assert.ok(isRemote(letThrough, "TypeError"));
    assert.equal(((await exited) as { kind: string }).kind, "cancelled");
  },
);

law("One-shots started together take the time of the slowest", async (env) => {
  const count = 4;
  await withNursery(async (scope) => {
    const runs = Array.from({ length: count }, () => scope.run(callee, "hold", ["key"], { spawn: env.method }));
    // None of them ends before the last has begun.
    await until(
      "all of them run",
      () => scope.children.filter(({ stats }) => stats.open === 1).length === count,
      START_TIMEOUT,
    );
    const ids = scope.children.map(({ id }) => id.uuid);
    assert.equal(new Set(ids).size, count);
    for (const child of scope.children) await child.call("release", "key", child.id.uuid);
    assert.deepEqual((await Promise.all(runs)).sort(), ids.sort());
  });
});

law("Aborting a call or one-shot runs the remote finally before the local promise rejects", async (env) => {
  const notes = new Notes();
  const reason = new Error("not needed any more");
  const check = (error: unknown): void => {
    assert.deepEqual(notes.words, ["started", "finally"]);
    notes.clear();
    assert.ok(error instanceof Cancelled);
    assert.deepEqual([error.scope, error.via, error.canceller], ["call", "signal", thisProcess().id]);
    assert.equal(error.reason, reason);
    assert.equal(error.acknowledged, true);
  };
  await withNursery(async (scope) => {
    const called = await scope.start(callee, env.options("callee", { stdio: notes.hear }));
    const controller = new AbortController();
    const call = called.with({ signal: controller.signal }).call("holdUntilCancelled");
    await notes.come();
    controller.abort(reason);
    check(await rejection(call));
    assert.equal(await called.call("running"), 0);

    const second = new AbortController();
    const options = { spawn: env.method, stdio: notes.hear };
    const oneShot = scope.run(callee, "holdUntilCancelled", [], { ...options, signal: second.signal });
    await notes.come();
    second.abort(reason);
    check(await rejection(oneShot));

    // What is aborted before it begins never begins.
    const early = await rejection(called.with({ signal: AbortSignal.abort(reason) }).call("holdUntilCancelled"));
    assert.ok(early instanceof Cancelled);
    assert.equal(early.reason, reason);
    const unstarted = await rejection(
      scope.run(callee, "holdUntilCancelled", [], { ...options, signal: AbortSignal.abort(reason) }),
    );
    assert.ok(unstarted instanceof Cancelled);
    assert.equal(unstarted.reason, reason);
    assert.equal(await called.call("running"), 0);
    assert.deepEqual(notes.words, []);
  });
});

law(
  "What is no actor, component or endpoint is refused before any start, the wrong call beside the right one",
  async (env) => {
    const scope = await openNursery();
    const start = uncompiled(scope.start.bind(scope));
    const run = uncompiled(scope.run.bind(scope));
    const noActor: readonly [unknown, RegExp][] = [
      [
        undefined,
        /got undefined\. Accepted: what actor\(\) returns: actor\(new URL\("\.\/greeter\.js", import\.meta\.url\)\)/,
      ],
      [null, /got null/],
      ["./greeter.js", /got "\.\/greeter\.js"\. Accepted: what actor\(\) returns/],
      [new URL("./greeter.js", import.meta.url), /wrap it: actor\(url\)/],
      [
        { endpoints: {}, hooks: {} },
        /an actor definition is started by its module: actor\(new URL\("\.\/greeter\.js", import\.meta\.url\)\)/,
      ],
      [() => 1, /got a function/],
      [{ kind: "actor", module: new URL(import.meta.url) }, /what actor\(\) returns/],
    ];
    for (const [what, words] of noActor) {
      for (const [refused, verb] of [
        [start(what, env.options("refused")), "start"],
        [run(what, "add", [], { spawn: env.method }), "run"],
      ] as const) {
        const error = await rejection(refused);
        assert.ok(error instanceof InvalidOption);
        assert.equal(error.option, `nursery.${verb}: what`);
        assert.match(error.message, words);
      }
    }
    for (const endpoint of [undefined, null, "", 1, () => 1, {}]) {
      assert.ok((await rejection(run(worker, endpoint, [], { spawn: env.method }))) instanceof InvalidOption);
    }
    for (const spawn of ["wasm_fork", "wasm_forkserver"]) {
      const error = await rejection(start(worker, { name: "refused", spawn }));
      assert.ok(error instanceof Unsupported);
      assert.match(error.message, new RegExp(`^unsupported: spawn method ${spawn}: .*; it has .*\\bexec\\b.*\\.$`));
    }
    assert.ok((await rejection(start(worker, { name: "refused", spawn: "thread" }))) instanceof InvalidOption);
    // Only ever refused, never started.
    assert.deepEqual(scope.children, []);
    const called = await scope.start(callee, env.options("callee"));
    for (const endpoint of [undefined, "", 1, () => 1])
      assert.ok((await rejection(uncompiled(called.call.bind(called))(endpoint))) instanceof InvalidOption);
    const opened = await rejection(uncompiled(called.call.bind(called))("dialogue"));
    assert.ok(opened instanceof UnknownEndpoint);
    assert.match(opened.message, /it is a context: use portal\.open\("dialogue", \.\.\.\)/);
    const calledOnly = await rejection(uncompiled(called.open.bind(called))("add", 1, 2));
    assert.ok(calledOnly instanceof UnknownEndpoint);
    assert.match(calledOnly.message, /it is called, not opened: use portal\.call\("add", \.\.\.\)/);
    assert.equal(called.stats.calls, 0);
    await scope.close();
  },
);

law(
  "A caller that vanishes just after acceptance harms neither actor nor other callers; an undeliverable error is logged once",
  async (env) => {
    const lines: string[] = [];
    const stdio = ({ text }: OutputLine): void => void lines.push(text);
    await withNursery(async (scope) => {
      const called = await scope.start(callee, env.options("callee", { stdio }));
      const other = called.call("hold", "other");
      const controller = new AbortController();
      const vanishing = called.with({ signal: controller.signal }).call("failLater", "fail", "undeliverable");
      await until("the call is accepted", async () => (await called.call("running")) === 1);
      controller.abort();
      assert.ok((await rejection(vanishing)) instanceof Cancelled);
      await called.call("release", "fail", "");
      await until("the error is logged", () => lines.length > 0);
      // The same where a task failed that had heard of its caller's end.
      const failing = await scope.start(worker, env.options("worker", { stdio }));
      assert.ok(
        (await rejection(failing.with({ deadline: 20 }).call("failOnCancel", "in vain"))) instanceof DeadlineExceeded,
      );
      await until("the second error is logged", () => lines.length > 1);
      assert.equal(await failing.call("add", 1, 2), 3);
      await called.call("release", "other", "unharmed");
      assert.equal(await other, "unharmed");
      assert.equal(called.stats.open, 0);
    });
    assert.equal(lines.length, 2);
    assert.match(lines[0] as string, /^error: .*failLater failed: RangeError: undeliverable$/);
    assert.match(lines[1] as string, /^error: .*failOnCancel failed: .*Error: in vain$/);
  },
);

law("A portal to an ended actor rejects at once, saying how it ended", async (env) => {
  const scope = await openNursery({ onDeath: "report" });
  const ends: Record<string, readonly [(ended: Awaited<ReturnType<typeof start>>) => Promise<unknown>, RegExp]> = {
    cancelled: [(ended) => ended.cancel(), /it was cancelled by /],
    killed: [(ended) => ended.kill(), /it was killed by /],
    left: [(ended) => rejection(ended.call("leave", 3)), /its process exited with code 3|Left: left with 3/],
    // The call itself is answered before that.
    failed: [
      (ended) => ended.call("uncaught", "nobody catches this").then(() => ended.exited),
      /it failed with .*RangeError: nobody catches this/,
    ],
  };
  const start = (name: string) => scope.start(worker, env.options(name, { stdio: "ignore" }));
  for (const [name, [end, words]] of Object.entries(ends)) {
    const ended = await start(name);
    await end(ended);
    const exit = await ended.exited;
    if (name === "left") assertLeft(env, exit, 3);
    else assert.equal(exit.kind, name);
    for (const refused of [
      ended.call("add", 1, 2),
      ended.open("counting", 1),
      ended.withContext("counting", [1], async () => {}),
    ]) {
      const error = await settledNow(refused);
      assert.ok(error instanceof ActorDied, name);
      assert.equal(error.exit, exit);
      assert.match(error.message, words);
      assert.match(error.message, new RegExp(`^actor died: ${name} \\(/${name}\\): `));
    }
    assert.equal(await ended.cancel(), true);
    assert.equal(await ended.kill(), exit);
    await ended.close();
  }
  await scope.close();
});

/** What a promise rejects with without any news from outside: within microtasks. */
async function settledNow(work: Promise<unknown>): Promise<unknown> {
  let error: unknown;
  work.catch((why: unknown) => (error = why));
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  return error;
}
