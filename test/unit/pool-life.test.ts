// The life of a pool's actor: the whole table, and that it only ever moves forward.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { nextMember, type MemberEvent, type MemberStatus } from "#brood/supervisor/pool-life.js";
import { suite } from "../harness/law.js";

const law = suite("pool life");

const STATUSES: readonly MemberStatus[] = ["starting", "serving", "spent", "ending", "gone"];
const EVENTS: readonly MemberEvent[] = ["ready", "last", "drained", "retired", "gone"];

/** In the order of EVENTS; undefined: it cannot happen. */
const TABLE: Record<MemberStatus, readonly (MemberStatus | undefined)[]> = {
  starting: ["serving", undefined, undefined, "ending", "gone"],
  serving: [undefined, "spent", undefined, "ending", "gone"],
  spent: [undefined, undefined, "ending", "ending", "gone"],
  ending: ["ending", undefined, "ending", "ending", "gone"],
  gone: [undefined, undefined, "gone", "gone", "gone"],
};

for (const status of STATUSES) {
  law(`from ${status} every event leads where the table says`, () => {
    assert.equal(
      EVENTS.map((event) => nextMember(status, event)),
      TABLE[status],
    );
  });
}

const events = fc.array(fc.constantFrom(...EVENTS), { maxLength: 12 });

law("the status only moves forward", () => {
  fc.assert(
    fc.property(events, (sequence) => {
      let status: MemberStatus = "starting";
      for (const event of sequence) {
        const next: MemberStatus = nextMember(status, event) ?? status;
        assert.ok(STATUSES.indexOf(next) >= STATUSES.indexOf(status), `${status} ${event} ${next}`);
        status = next;
      }
    }),
  );
});

law("an actor that was asked to end before it was ready never serves", () => {
  fc.assert(
    fc.property(events, (sequence) => {
      let status: MemberStatus = "ending";
      for (const event of sequence) status = nextMember(status, event) ?? status;
      assert.ok(status === "ending" || status === "gone");
    }),
  );
});

law.run();
