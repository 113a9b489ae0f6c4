// The life of a child of a supervisor: the whole table, and what holds for every sequence of events.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { isUp, nextChildStatus, type ChildEvent, type ChildStatus } from "#brood/supervisor/life.js";
import { suite } from "../harness/law.js";

const law = suite("child life");

const STATUSES: readonly ChildStatus[] = ["stopped", "starting", "running", "stopping", "restarting"];
const EVENTS: readonly ChildEvent[] = ["start", "ready", "stop", "gone", "restart"];

/** In the order of EVENTS; undefined: it cannot happen. */
const TABLE: Record<ChildStatus, readonly (ChildStatus | undefined)[]> = {
  stopped: ["starting", undefined, "stopped", undefined, "restarting"],
  starting: [undefined, "running", "stopping", "stopped", undefined],
  running: [undefined, undefined, "stopping", "stopped", undefined],
  stopping: [undefined, "stopping", "stopping", "stopped", undefined],
  restarting: ["starting", undefined, "stopped", undefined, "restarting"],
};

for (const status of STATUSES) {
  law(`from ${status} every event leads where the table says`, () => {
    assert.equal(
      EVENTS.map((event) => nextChildStatus(status, event)),
      TABLE[status],
    );
  });
}

const run = (events: readonly ChildEvent[], from: ChildStatus = "stopped"): ChildStatus =>
  events.reduce<ChildStatus>((status, event) => nextChildStatus(status, event) ?? status, from);

const sequences = fc.array(fc.constantFrom(...EVENTS), { maxLength: 20 });

law("nothing is started beside what is still there", () => {
  fc.assert(
    fc.property(sequences, (events) => {
      const status = run(events);
      if (isUp(status)) assert.is(nextChildStatus(status, "start"), undefined);
    }),
  );
});

law("what is stopped and gone stays so until somebody starts or restarts it", () => {
  fc.assert(
    fc.property(sequences, fc.array(fc.constantFrom("ready", "stop", "gone" as const)), (events, more) => {
      assert.is(run([...events, "stop", "gone", ...more]), "stopped");
    }),
  );
});

law("a child that is asked to stop before it is up never runs", () => {
  assert.is(run(["start", "stop", "ready"]), "stopping");
  assert.is(run(["start", "stop", "ready", "gone"]), "stopped");
});

law.run();
