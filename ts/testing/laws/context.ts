// Section 4: contexts. What needs a stream is pending.
import assert from "node:assert/strict";
import type { OutputLine, Portal } from "../../context/surface.js";
import {
  type ActorDied,
  Cancelled,
  InvalidMessage,
  ProtocolError,
  StartFailed,
  UnknownEndpoint,
} from "../../errors/kinds.js";
import { isRemote } from "../../errors/remote.js";
import { openNursery, withNursery } from "../../nursery/open.js";
import { thisProcess } from "../../nursery/runtime.js";
import { actor } from "../../nursery/source.js";
import { bounded } from "../bounded.js";
import { gate, rejection, until } from "../gate.js";
import { latchOf, open } from "../latches.js";
import { section, type LawEnv } from "../law.js";
import { assertToldLeft } from "../left.js";
import { Notes } from "../notes.js";
import { silent } from "../silent.js";

const dialogue = actor<typeof import("../actors/dialogue.js")>(new URL("../actors/dialogue.js", import.meta.url));
const scopes = actor<typeof import("../actors/scopes.js")>(new URL("../actors/scopes.js", import.meta.url));
const unready = actor<typeof import("../actors/unready.js")>(new URL("../actors/unready.js", import.meta.url));

export const context = section(4);
const law = bounded(context);
const { later } = context;

type Peer = typeof dialogue extends { readonly endpoints?: infer E } ? Portal<E> : never;

const parsed = (word: string): unknown => JSON.parse(word);

/** Runs `body` with the portal of a fresh peer. */
function withPeer(
  env: LawEnv,
  body: (peer: Peer) => Promise<unknown>,
  more: Parameters<LawEnv["options"]>[1] = {},
): Promise<unknown> {
  return withNursery(async (scope) => body((await scope.start(dialogue, env.options("peer", more))) as Peer));
}

/** Whether `work` is still pending after everything that was sent before now has been answered. */
async function pendingAfter(peer: Peer, work: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = (): void => void (settled = true);
  void work.then(note, note);
  assert.equal(await peer.call("add", 1, 2), 3);
  await new Promise((resolve) => setImmediate(resolve));
  return !settled;
}

law("The opener resumes only after started, with exactly the value passed", async (env) => {
  await withPeer(env, async (peer) => {
    const opening = peer.open("startOnRelease", "key");
    assert.ok(await pendingAfter(peer, opening));
    const value = {
      text: "\ud800",
      number: -0,
      nothing: undefined,
      list: [null, "", 1n],
      bytes: new Uint8Array([1, 2]),
    };
    await peer.call("release", "key.start", value);
    const opened = await opening;
    assert.deepStrictEqual(opened.startedValue, value);
    assert.ok(await pendingAfter(peer, opened.result()));
    await peer.call("release", "key.end", "result");
    assert.equal(await opened.result(), "result");
    for (const other of [undefined, null, "", 0, false])
      assert.equal((await peer.open("startThen", other, 1)).startedValue, other);
    // Without a declared value brood sends it by itself.
    const implied = await peer.open("implied");
    assert.equal(implied.startedValue, undefined);
    assert.equal(await implied.result(), "implied");
  });
});

law(
  "Returning without a declared started rejects the opener with a protocol error naming the endpoint",
  async (env) => {
    await withPeer(env, async (peer) => {
      const error = await rejection(peer.open("neverStart"));
      assert.ok(error instanceof ProtocolError);
      assert.equal(error.endpoint, "neverStart");
      assert.match(
        error.message,
        /^protocol error: endpoint neverStart: it returned without calling task\.started\(\)/,
      );
      assert.equal(peer.stats.open, 0);
      assert.equal(await peer.call("add", 1, 2), 3);
    });
  },
);

// The sentence of the specification, but for the stream, which is not there yet.
law("A second started, and one from the opener, are errors at that line", async (env) => {
  await withPeer(env, async (peer) => {
    const twice = await peer.open("startTwice");
    assert.equal(twice.startedValue, 1);
    const refused = await rejection(twice.result());
    assert.ok(isRemote(refused) && isRemote(refused.cause, "ProtocolError"), String(refused));
    assert.match(refused.cause.remote.message, /started was sent twice/);
    assert.match(refused.cause.remote.stack, /dialogue\.js:\d+/);
    const letThrough = await peer.open("startTwiceLetThrough");
    const error = await rejection(letThrough.result());
    assert.ok(error instanceof ProtocolError);
    assert.equal(error.endpoint, "startTwiceLetThrough");
    // The opener has none to send.
    assert.throws(() => (letThrough as unknown as { started(value: unknown): void }).started(1), TypeError);
    // One that cannot be sent is an error at that line, and not sent.
    const unsendable = await peer.open("startUnsendable");
    assert.match(unsendable.startedValue as string, /started\.list\[0\]: a function cannot be sent/);
    assert.equal(await unsendable.result(), "survived");
  });
});

law(
  "The peer's return value is the result, before and after the scope ends, also if a cancel came later",
  async (env) => {
    await withPeer(env, async (peer) => {
      const opened = await peer.open("startThen", "started", { result: [1, 2] });
      assert.deepEqual(await opened.result(), { result: [1, 2] });
      assert.equal(await opened.cancel("too late"), true);
      assert.deepEqual([opened.cancelRequested, opened.absorbed], [false, false]);
      await opened[Symbol.asyncDispose]();
      assert.deepEqual(await opened.result(), { result: [1, 2] });
      // It had returned before the cancel came to it.
      const crossing = await peer.open("startThen", "started", "crossed");
      const cancelling = crossing.cancel("crossing");
      assert.equal(await crossing.result(), "crossed");
      assert.equal(await cancelling, true);
      // Or returned in spite of it.
      const stubborn = await peer.open("returnAnyway", "in spite of it");
      assert.equal(await stubborn.cancel(), true);
      assert.equal(await stubborn.result(), "in spite of it");
      assert.equal(stubborn.absorbed, false);
      let held: typeof opened | undefined;
      const inner = await peer.withContext("startThen", ["started", "held"], async (one) => {
        held = one;
        return "body";
      });
      assert.equal(inner, "body");
      assert.equal(await held?.result(), "held");
    });
  },
);

law(
  "A peer that throws before started rejects the open; after it, the error interrupts the opener's body",
  async (env) => {
    await withPeer(env, async (peer) => {
      const before = await rejection(peer.open("failFirst", "before"));
      assert.ok(isRemote(before, "RangeError"));
      assert.match(before.message, /^context failFirst failed: peer \(\/peer\): RangeError: before$/);
      assert.equal(peer.stats.open, 0);
      // The body waits for nothing but the signal of its context.
      const after = await rejection(
        peer.withContext("failThen", ["key", "after"], async (opened) => {
          await peer.call("release", "key");
          await new Promise((resolve) =>
            opened.signal.aborted ? resolve(undefined) : opened.signal.addEventListener("abort", resolve),
          );
          throw opened.signal.reason;
        }),
      );
      assert.ok(isRemote(after, "RangeError"));
      assert.equal(after.remote.message, "after");
      // A body that heard nothing of it is told at its end, and the host lives in between.
      let told: unknown;
      const late = await rejection(
        peer.withContext("failThen", ["key", "late"], async (opened) => {
          await until("the peer has failed", () => peer.stats.open === 0);
          await new Promise((resolve) => setImmediate(resolve));
          assert.ok(opened.signal.aborted);
          told = opened.signal.reason;
        }),
      );
      assert.ok(isRemote(late, "RangeError"));
      assert.equal(late, told);
      // Nor does it end the host where the context is held, and its result is asked for later or never.
      for (const meet of ["result", "reason", "nowhere"]) {
        const key = `held ${meet}`;
        const held = await peer.open("failThen", key, meet);
        await peer.call("release", key);
        await until("the peer has failed", () => peer.stats.open === 0);
        await new Promise((resolve) => setImmediate(resolve));
        if (meet === "result") assert.ok(isRemote(await rejection(held.result()), "RangeError"));
        if (meet === "reason") assert.ok(isRemote(held.signal.reason, "RangeError"));
        const disposed = await Promise.resolve(held[Symbol.asyncDispose]()).catch((error: unknown) => error);
        // It is thrown by the dispose, once, where it was met nowhere else.
        assert.equal(isRemote(disposed, "RangeError"), meet === "nowhere");
        await held[Symbol.asyncDispose]();
      }
    });
  },
);

law(
  "What a peer throws after started, and nobody ever asks for, is told once, in the log, when the nursery is over",
  async (env) => {
    const lines: string[] = [];
    const stdio = ({ text }: OutputLine): void => void lines.push(text);
    const held: unknown[] = [];
    await withPeer(
      env,
      async (peer) => {
        for (const meet of ["never", "result", "reason", "dispose"]) {
          const opened = await peer.open("failThen", meet, `met: ${meet}`);
          held.push(opened);
          await peer.call("release", meet);
          await until("the peer has failed", () => peer.stats.open === 0);
          if (meet === "result") await rejection(opened.result());
          if (meet === "reason") assert.ok(isRemote(opened.signal.reason, "RangeError"));
          if (meet === "dispose") await rejection(Promise.resolve(opened[Symbol.asyncDispose]()));
        }
        assert.deepEqual(lines, []);
      },
      { stdio },
    );
    assert.equal(lines.length, 1);
    assert.match(
      lines[0] as string,
      /^error: nobody awaits this any more: .*failThen failed: .*RangeError: met: never$/,
    );
  },
);

law(
  "An opener that throws cancels the peer, whose finally runs before the opener's own error leaves the scope",
  async (env) => {
    const notes = new Notes();
    const own = new Error("own");
    await withPeer(
      env,
      async (peer) => {
        const thrown = await rejection(
          peer.withContext("heed", [], async () => {
            throw own;
          }),
        );
        assert.deepEqual(notes.words.map(parsed), [["context", "cancel", thisProcess().id.uuid, "own"]]);
        assert.equal(thrown, own);
        assert.equal(await peer.call("running"), 0);
      },
      { stdio: notes.hear },
    );
  },
);

law("ctx.cancel() ends the peer task only, not its actor or other contexts of the channel", async (env) => {
  const notes = new Notes();
  await withPeer(
    env,
    async (peer) => {
      const opening = peer.open("startOnRelease", "other");
      await peer.call("release", "other.start", "other");
      const other = await opening;
      const opened = await peer.open("heed");
      const call = peer.call("hold", "call");
      assert.equal(await opened.cancel("enough"), true);
      assert.deepEqual(notes.words.map(parsed), [["context", "cancel", thisProcess().id.uuid, "enough"]]);
      assert.equal(peer.status, "running");
      await peer.call("release", "call", "answered");
      assert.equal(await call, "answered");
      await peer.call("release", "other.end", "returned");
      assert.equal(await other.result(), "returned");
    },
    { stdio: notes.hear },
  );
});

law(
  "After ctx.cancel() the scope ends without throwing; requested, acknowledged and absorbed are true",
  async (env) => {
    await withPeer(env, async (peer) => {
      let held: Awaited<ReturnType<typeof peer.open<"heed">>> | undefined;
      const value = await peer.withContext("heed", [], async (opened) => {
        held = opened;
        assert.deepEqual([opened.cancelRequested, opened.cancelAcknowledged, opened.absorbed], [false, false, false]);
        await opened.cancel("enough");
        return "the body's";
      });
      assert.equal(value, "the body's");
      assert.deepEqual([held?.cancelRequested, held?.cancelAcknowledged, held?.absorbed], [true, true, true]);
      const result = await rejection(held?.result() as Promise<unknown>);
      assert.ok(result instanceof Cancelled);
      assert.deepEqual(
        [result.scope, result.via, result.canceller, result.reason, result.acknowledged],
        ["context", "cancel", thisProcess().id, "enough", true],
      );
      // What a disposer cancels is absorbed too.
      const disposed = await peer.open("heed");
      await disposed[Symbol.asyncDispose]();
      assert.equal(disposed.absorbed, true);
      assert.equal(await peer.call("running"), 0);
    });
  },
);

law("Cancel during the open, in the body, twice, or after the end is safe; the last two do nothing", async (env) => {
  const notes = new Notes();
  const body = async (peer: Peer): Promise<void> => {
    const controller = new AbortController();
    const opening = peer.with({ signal: controller.signal }).open("startOnRelease", "key");
    await until("the peer runs", async () => (await peer.call("running")) === 1);
    controller.abort("during the open");
    const during = await rejection(opening);
    assert.ok(during instanceof Cancelled);
    assert.deepEqual(
      [during.scope, during.via, during.reason, during.acknowledged],
      ["context", "signal", "during the open", true],
    );
    assert.equal(await peer.call("running"), 0);

    const opened = await peer.open("heed");
    const [first, second] = await Promise.all([opened.cancel("first"), opened.cancel("second")]);
    assert.deepEqual([first, second], [true, true]);
    assert.equal(await opened.cancel("third"), true);
    assert.equal(notes.words.length, 1);
    assert.equal(((await rejection(opened.result())) as Cancelled).reason, "first");

    const returned = await peer.open("startThen", 1, 2);
    await returned.result();
    assert.equal(await returned.cancel(), true);
    assert.deepEqual([returned.cancelRequested, returned.cancelAcknowledged, returned.absorbed], [false, false, false]);
    assert.equal(await returned.result(), 2);
    assert.equal(peer.stats.open, 0);
  };
  await withPeer(env, body, { stdio: notes.hear });
});

law("A local task that did not open the context can cancel it with the same outcome", async (env) => {
  const notes = new Notes();
  const body = async (peer: Peer): Promise<void> => {
    const handed = gate<{ cancel(reason: unknown): Promise<boolean> }>();
    const other = handed.promise.then((opened) => opened.cancel("by another"));
    let held: { readonly absorbed: boolean } | undefined;
    await peer.withContext("heed", [], async (opened) => {
      held = opened;
      handed.open(opened);
      assert.ok((await rejection(opened.result())) instanceof Cancelled);
    });
    assert.equal(await other, true);
    assert.equal(held?.absorbed, true);
    assert.deepEqual(notes.words.map(parsed), [["context", "cancel", thisProcess().id.uuid, "by another"]]);
  };
  await withPeer(env, body, { stdio: notes.hear });
});

law(
  "A peer that cancels itself before started rejects the open with a cancel naming the peer",
  async (env) => {
    await withNursery(async (nursery) => {
      const peer = await nursery.start(scopes, env.options("peer"));
      // What a task throws is a RemoteActorError at its opener, a cancel of its own making too.
      const error = await rejection(peer.open("cancelItself", env.options("below"), "had enough"));
      assert.ok(isRemote(error, "Cancelled"));
      const { scope, canceller, reason } = error.remote.fields as {
        scope: string;
        canceller: { uuid: string };
        reason: string;
      };
      assert.deepEqual([scope, canceller.uuid, reason], ["nursery", peer.id.uuid, "had enough"]);
      assert.match(error.message, /Cancelled: nursery cancelled: by peer through cancel\(\): had enough/);
      assert.equal(await peer.call("add", 1, 2), 3);
    });
  },
  { needs: ["nested nurseries"] },
);

law("An opener's own error wins over the outcome of cancelling an inner context", async (env) => {
  const own = new Error("own");
  const throwOwn = async (): Promise<never> => {
    throw own;
  };
  const notes = new Notes();
  const body = async (peer: Peer): Promise<void> => {
    assert.equal(await rejection(peer.withContext("heed", [], () => peer.withContext("heed", [], throwOwn))), own);
    assert.equal(notes.words.length, 2);
    // Also where the peer fails on its way out.
    assert.equal(await rejection(peer.withContext("heedBadly", ["on its way out"], throwOwn)), own);
    assert.equal(await peer.call("add", 1, 2), 3);
  };
  await withPeer(env, body, { stdio: notes.hear });
});

later("A context to one's own actor is refused", "the registry: without it no actor has a portal to itself");

law(
  "A start stopped by an encoding error, an absent module or an abort leaves no entry on either side",
  async (env) => {
    const scope = await openNursery();
    const peer = (await scope.start(dialogue, env.options("peer"))) as Peer;
    const open = peer.open.bind(peer) as (...args: unknown[]) => Promise<unknown>;
    const { calls } = peer.stats;
    const encoding = await rejection(open("startOnRelease", () => 1));
    assert.ok(encoding instanceof InvalidMessage);
    assert.equal(encoding.at, "args[0]");
    assert.ok((await rejection(open("startOnReleas", "key"))) instanceof UnknownEndpoint);
    const aborted = await rejection(peer.with({ signal: AbortSignal.abort("before") }).open("startOnRelease", "key"));
    assert.ok(aborted instanceof Cancelled);
    // Nothing of these was sent.
    assert.deepEqual([peer.stats.open, peer.stats.calls], [0, calls]);
    const controller = new AbortController();
    const opening = peer.with({ signal: controller.signal }).open("startOnRelease", "key");
    // In the same turn: it has not left.
    controller.abort("while leaving");
    assert.ok((await rejection(opening)) instanceof Cancelled);
    assert.equal(peer.stats.open, 0);
    assert.equal(await peer.call("running"), 0);

    const absent = actor<typeof import("../actors/dialogue.js")>(new URL("./absent.js", import.meta.url));
    const unstarted = await rejection(scope.start(absent, env.options("absent", { stdio: "ignore" })));
    assert.ok(unstarted instanceof StartFailed);
    assert.equal(unstarted.phase, "load");
    assert.match(unstarted.message, /absent\.(?:js|wasm)/);
    const stopped = new AbortController();
    const notes = new Notes();
    const starting = scope.start(unready, env.options("hangs in setup", { signal: stopped.signal, stdio: notes.hear }));
    await notes.come();
    stopped.abort("not needed");
    const refused = await rejection(starting);
    assert.ok(refused instanceof Cancelled);
    assert.deepEqual([refused.scope, refused.via, refused.reason], ["actor", "signal", "not needed"]);
    assert.deepEqual(
      scope.children.map(({ id }) => id.name),
      ["peer"],
    );
    assert.equal(scope.status, "open");
    await scope.close();
  },
);

law(
  'A peer deaf past cancelTimeout gives "too slow" at the opener; its actor is killed (onDeaf: "kill", the default) or spared ("report")',
  async (env) => {
    for (const onDeaf of [undefined, "kill", "report"] as const) {
      const notes = new Notes();
      await withPeer(
        env,
        async (peer) => {
          const latch = latchOf(env, 1_000);
          const opened = await peer.open("deafUntil", latch);
          await notes.come();
          await silent(peer);
          assert.equal(await opened.cancel("hear me"), false);
          const error = await rejection(opened.result());
          assert.ok(error instanceof Cancelled);
          assert.deepEqual([error.acknowledged, error.reason], [false, "hear me"]);
          assert.deepEqual([opened.cancelRequested, opened.cancelAcknowledged, opened.absorbed], [true, false, true]);
          assert.match(error.message, /did not acknowledge/);
          if (onDeaf === "report") {
            await open(env, latch);
            assert.equal(await peer.call("add", 1, 2), 3);
            assert.equal(peer.status, "running");
          } else {
            assert.deepEqual(await peer.exited, { kind: "killed", by: thisProcess().id });
          }
        },
        { cancelTimeout: 100, stdio: notes.hear, ...(onDeaf === undefined ? {} : { onDeaf }) },
      );
    }
  },
);

law(
  "A failure in a nursery of the peer's own reaches the opener as that failure",
  async (env) => {
    await withNursery(async (nursery) => {
      const peer = await nursery.start(scopes, env.options("peer"));
      const error = await rejection(
        peer.withContext("startThenFailBelow", [env.options("below")], (opened) => opened.result()),
      );
      assert.ok(isRemote(error, "ActorDied"));
      assert.equal(error.errors, undefined);
      const { path, exit } = error.remote.fields as Pick<ActorDied, "path" | "exit">;
      assert.equal(path, "/peer/below");
      assertToldLeft(env, exit, 7);
      assert.equal(await peer.call("add", 1, 2), 3);
    });
  },
  { needs: ["nested nurseries"] },
);
