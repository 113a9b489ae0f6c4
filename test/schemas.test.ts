// Schemas of the libraries that people use, in the actor, with their own words in the refusals.
import assert from "node:assert/strict";
import { actor, InvalidMessage, withNursery } from "brood";
import { suite } from "./harness/law.js";

const law = suite("schemas");
const what = actor<typeof import("./actors/schemas.js")>(new URL("./actors/schemas.js", import.meta.url));
const ranges = actor<typeof import("./actors/ranges.js")>(new URL("./actors/ranges.js", import.meta.url));

const refused = async (work: Promise<unknown>): Promise<InvalidMessage> => {
  const error: unknown = await work.then(
    () => undefined,
    (why: unknown) => why,
  );
  assert.ok(error instanceof InvalidMessage, String(error));
  return error;
};

for (const spawn of ["exec", "wasm"] as const) {
  law(`${spawn}: zod and valibot check what comes and what goes, and transform it once`, async () => {
    await withNursery(async (nursery) => {
      const peer = await nursery.start(what, { name: "peer", spawn });
      const length: number = await peer.call("order", { id: 1, items: ["a", "b"] });
      assert.equal(length, 3);
      const bad = await refused(peer.call("order", { id: 1, items: ["a", 5 as never] }));
      assert.equal(bad.at, "args[0].items[1]");
      assert.match(bad.message, /expected string, received number \(got 5\)/);
      assert.match((await refused(peer.call("order", { id: 1, items: ["1", "2", "3", "4"] }))).message, /<=3 items/);
      const chat = await peer.open("chat", "  hello ");
      const started: string = chat.startedValue;
      assert.equal(started, "hello");
      await chat.stream.send({ id: 1.5, items: [] });
      assert.match((await refused(chat.stream.next())).message, /message of chat: message\[0\]\.id: .*int/);
      await chat.stream.send({ id: 1, items: ["a"] });
      assert.deepEqual(await chat.stream.next(), { done: false, value: 1 });
      await chat.stream.end();
      assert.equal(await chat.result(), "over");
    });
  });
}

law("exec: arktype checks too", async () => {
  await withNursery(async (nursery) => {
    const peer = await nursery.start(ranges, { name: "peer", spawn: "exec" });
    assert.equal(await peer.call("width", { from: 1, to: 3 }), 2);
    const bad = await refused(peer.call("width", { from: 1, to: "3" as never }));
    assert.equal(bad.at, "args[0].to");
    assert.match(bad.message, /must be a number/);
  });
});

law.run();
