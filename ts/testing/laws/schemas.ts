// Section 11: payload schemas. They run in the actor only; the host knows their types.
import assert from "node:assert/strict";
import type { Portal } from "../../context/surface.js";
import { InvalidMessage } from "../../errors/kinds.js";
import { isRemote } from "../../errors/remote.js";
import { withNursery } from "../../nursery/open.js";
import { actor } from "../../nursery/source.js";
import { bounded } from "../bounded.js";
import { rejection } from "../gate.js";
import { section, type LawEnv } from "../law.js";

const what = actor<typeof import("../actors/schemas.js")>(new URL("../actors/schemas.js", import.meta.url));

export const schemas = section(11);
const law = bounded(schemas);

type Peer = typeof what extends { readonly endpoints?: infer E } ? Portal<E> : never;

const withPeer = (env: LawEnv, body: (peer: Peer) => Promise<unknown>): Promise<unknown> =>
  withNursery(async (scope) => body((await scope.start(what, env.options("peer"))) as Peer));

/** What a schema refused, as the host is told. */
function refusalOf(error: unknown): Pick<InvalidMessage, "at"> & NonNullable<InvalidMessage["refused"]> {
  assert.ok(error instanceof InvalidMessage, String(error));
  assert.ok(error.refused !== undefined, error.message);
  return { at: error.at, ...error.refused };
}

law(
  "The actor's own bad started, sent or returned value throws at its line; the opener gets that cause; the actor lives",
  async (env) => {
    await withPeer(env, async (peer) => {
      const started = await peer.open("dialogue", "first", "bad started");
      assert.match(started.startedValue, /^INVALID MESSAGE: STARTED VALUE OF DIALOGUE: STARTED: .*\(GOT 5\)\.$/);
      assert.equal(await started.result(), "survived");
      const sent = await peer.open("dialogue", "first", "bad sent");
      assert.equal(
        await sent.result(),
        'invalid message: message of dialogue: message[0]: expected digits (got "no digits").',
      );
      const through = await peer.open("dialogue", "first", "let through");
      const error = await rejection(through.result());
      assert.ok(isRemote(error, "InvalidMessage"), String(error));
      assert.match(error.remote.stack, /schemas\.js:\d+/);
      const returned = await rejection(peer.call("register", { name: "a", tags: [] }, "1", "bad result"));
      assert.ok(isRemote(returned, "InvalidMessage"), String(returned));
      assert.match(returned.remote.message, /result of register: result: .* \(got 5\)/);
      assert.deepEqual(await peer.call("register", { name: " a ", tags: [] }, "1", 0), "A 1 0");
    });
  },
);

law(
  "A host's bad argument rejects its call or open; a host's bad message is told to it by the next send or read of that stream, and the actor's reader skips it; the channel lives",
  async (env) => {
    await withPeer(env, async (peer) => {
      const bad = await rejection(peer.call("register", { name: "a", tags: ["x", 5 as never] }, "1", 0));
      const { expected, ...rest } = refusalOf(bad);
      assert.deepEqual(rest, {
        at: "args[0].tags[1]",
        endpoint: "register",
        kind: "argument",
        index: 0,
        received: "5",
      });
      assert.match(expected, /string/);
      assert.match(
        (bad as Error).message,
        /^invalid message: argument of register: args\[0\]\.tags\[1\]: .*\(got 5\)\.$/,
      );
      const second = refusalOf(await rejection(peer.call("register", { name: "a", tags: [] }, "none", 0)));
      assert.deepEqual([second.at, second.index, second.expected], ["args[1]", 1, "expected digits"]);
      const missing = refusalOf(await rejection((peer as Portal<any>).call("register")));
      assert.deepEqual([missing.at, missing.received], ["args[0]", "undefined"]);

      const opened = await peer.open("dialogue", "first", "");
      // To a read that waits.
      await opened.stream.send({ name: 5 as never, tags: [] });
      const told = refusalOf(await rejection(opened.stream.next()));
      assert.deepEqual([told.at, told.kind, told.index, told.endpoint], ["message[0].name", "message", 0, "dialogue"]);
      // The reader was not troubled, nor the stream.
      await opened.stream.send({ name: "b", tags: ["1", "2"] });
      assert.deepEqual(await opened.stream.next(), { done: false, value: 2 });
      // To the next send, where nobody reads.
      await opened.stream.send({ tags: [] } as never);
      assert.equal(await peer.call("register", { name: "a", tags: [] }, "1", 0), "A 1 0");
      const again = refusalOf(await rejection(opened.stream.send({ name: "not sent", tags: [] })));
      assert.equal(again.index, 2);
      await opened.stream.send({ name: "c", tags: [] });
      assert.deepEqual(await opened.stream.next(), { done: false, value: 0 });
      await opened.stream.end();
      assert.deepEqual(await opened.result(), ["b", "c"]);
    });
  },
);

law("Good values pass unchanged, transforms apply once", async (env) => {
  await withPeer(env, async (peer) => {
    const before = await peer.call("runs");
    assert.equal(await peer.call("register", { name: "  ada ", tags: ["x"] }, "12", 0), "ADA 12 1");
    const after = await peer.call("runs");
    assert.deepEqual([after.later - before.later, after.name - before.name], [1, 1]);
    // In order, also where each takes its time.
    const slow = await peer.open("slow");
    const sending = (async () => {
      for (let i = 0; i < 300; i++) await slow.stream.send(String(i));
      await slow.stream.end();
    })();
    const got: number[] = [];
    for await (const count of slow.stream) {
      got.push(count);
      if (got.length === 300) break;
    }
    await sending;
    assert.deepEqual(
      got,
      Array.from({ length: 300 }, (_, i) => i),
    );
    assert.equal(await slow.result(), (299 * 300) / 2);
  });
});
