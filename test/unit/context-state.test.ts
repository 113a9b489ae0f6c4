// The life of a context: the whole table, and what holds for every sequence of events.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { isSettled, nextContextState, type ContextEvent, type ContextState } from "#brood/context/state.js";
import { suite } from "../harness/law.js";

const law = suite("context state");

const EVENTS: readonly ContextEvent[] = ["started", "return", "error", "cancelled", "lost"];
const STATES: readonly ContextState[] = ["opening", "started", "returned", "failed", "cancelled"];

/** For each state, what each event makes of it, in the order of EVENTS; undefined: the peer must not send it now. */
const TABLE: Record<ContextState, readonly (ContextState | undefined)[]> = {
  opening: ["started", undefined, "failed", "cancelled", "failed"],
  started: [undefined, "returned", "failed", "cancelled", "failed"],
  returned: ["returned", "returned", "returned", "returned", "returned"],
  failed: ["failed", "failed", "failed", "failed", "failed"],
  cancelled: ["cancelled", "cancelled", "cancelled", "cancelled", "cancelled"],
};

for (const state of STATES) {
  law(`from ${state} every event leads where the table says`, () => {
    assert.equal(
      EVENTS.map((event) => nextContextState(state, event)),
      TABLE[state],
    );
  });
}

law("exactly returned, failed and cancelled are settled", () => {
  assert.equal(STATES.filter(isSettled), ["returned", "failed", "cancelled"]);
});

const events = fc.array(fc.constantFrom(...EVENTS), { maxLength: 12 });

law("what is settled stays what it is", () => {
  fc.assert(
    fc.property(fc.constantFrom(...STATES.filter(isSettled)), events, (state, sequence) => {
      for (const event of sequence) assert.is(nextContextState(state, event), state);
    }),
  );
});

law("a context returns only after it has started, and starts once", () => {
  fc.assert(
    fc.property(events, (sequence) => {
      let state: ContextState = "opening";
      const passed: ContextState[] = [state];
      for (const event of sequence) {
        const next = nextContextState(state, event);
        // What is refused changes nothing: the channel ends.
        if (next === undefined) return;
        if (next !== state) passed.push(next);
        state = next;
      }
      assert.is(new Set(passed).size, passed.length);
      if (state === "returned") assert.equal(passed, ["opening", "started", "returned"]);
      assert.ok(passed.filter((one) => isSettled(one)).length <= 1);
    }),
  );
});

law("whatever state it is in, the loss of the channel settles it", () => {
  for (const state of STATES) assert.ok(isSettled(nextContextState(state, "lost") as ContextState), state);
});

law.run();
