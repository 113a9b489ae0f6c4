// Section 2: the runtime and the nursery.
import assert from "node:assert/strict";
import { actor } from "../../nursery/source.js";
import { openNursery, withNursery } from "../../nursery/open.js";
import { ActorDied } from "../../errors/kinds.js";
import { rejection } from "../gate.js";
import { section } from "../law.js";

const worker = actor<typeof import("../actors/worker.js")>(new URL("../actors/worker.js", import.meta.url));

export const nursery = section(2);
const { law } = nursery;

law("An actor that dies unasked aborts nursery.signal, cancels its siblings, and rejects every pending brood call of the body", async (env) => {
  const scope = await openNursery();
  const dying = await scope.start(worker, env.options("dying"));
  const sibling = await scope.start(worker, env.options("sibling"));
  const pending = sibling.call("wait");
  const died = await rejection(dying.call("leave", 3));
  assert.ok(died instanceof ActorDied);
  assert.deepEqual(died.exit, { kind: "exited", code: 3 });
  assert.equal(await rejection(pending), died);
  assert.equal(scope.signal.reason, died);
  assert.equal((await sibling.exited).kind, "cancelled");
  assert.equal(await rejection(scope.close()), died);
});

law("The body's own error is thrown, not the cancellations it caused", async (env) => {
  const own = new Error("own");
  const thrown = await rejection(
    withNursery(async (scope) => {
      const portal = await scope.start(worker, env.options("worker"));
      void portal.call("wait");
      throw own;
    }),
  );
  assert.equal(thrown, own);
});
