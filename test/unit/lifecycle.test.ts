// The life of an actor: the whole table, and that it only ever moves forward.
import fc from "fast-check";
import * as assert from "uvu/assert";
import type { ActorStatus } from "#brood/context/surface.js";
import { nextStatus, type ActorEvent } from "#brood/portal/lifecycle.js";
import { suite } from "../harness/law.js";

const law = suite("lifecycle");

const STATUSES: readonly ActorStatus[] = ["starting", "running", "ending", "ended"];
const EVENTS: readonly ActorEvent[] = ["ready", "ask", "gone"];

/** In the order of EVENTS; undefined: it cannot happen. */
const TABLE: Record<ActorStatus, readonly (ActorStatus | undefined)[]> = {
  starting: ["running", "ending", "ended"],
  running: [undefined, "ending", "ended"],
  ending: ["ending", "ending", "ended"],
  ended: [undefined, "ended", undefined],
};

for (const status of STATUSES) {
  law(`from ${status} every event leads where the table says`, () => {
    assert.equal(
      EVENTS.map((event) => nextStatus(status, event)),
      TABLE[status],
    );
  });
}

law("the status only moves forward", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 10 }), (events) => {
      let status: ActorStatus = "starting";
      for (const event of events) {
        const next: ActorStatus = nextStatus(status, event) ?? status;
        assert.ok(STATUSES.indexOf(next) >= STATUSES.indexOf(status), `${status} ${event} ${next}`);
        status = next;
      }
    }),
  );
});

law("an actor that is gone has ended, whatever was before, and is never running again", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 10 }), (events) => {
      let status: ActorStatus = "starting";
      for (const event of [...events, "gone" as const]) status = nextStatus(status, event) ?? status;
      assert.is(status, "ended");
    }),
  );
});

law("an actor that was asked to end before it was ready never runs", () => {
  assert.is(nextStatus(nextStatus("starting", "ask") as ActorStatus, "ready"), "ending");
});

law.run();
