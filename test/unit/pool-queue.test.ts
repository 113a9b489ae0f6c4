// The queue of a pool does what an array would.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { PoolQueue, type Waiter } from "#brood/supervisor/pool-queue.js";
import { suite } from "../harness/law.js";

const law = suite("pool queue");

interface One extends Waiter {
  readonly number: number;
}
const one = (number: number): One => ({ number, before: undefined, after: undefined, waits: false });

law("first come, first served, and whoever leaves from any place disturbs nobody", () => {
  const steps = fc.array(
    fc.oneof(
      fc.constant({ kind: "push" } as const),
      fc.constant({ kind: "shift" } as const),
      fc.record({ kind: fc.constant("remove" as const), which: fc.nat({ max: 30 }) }),
    ),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(steps, (sequence) => {
      const queue = new PoolQueue<One>();
      const all: One[] = [];
      let model: One[] = [];
      for (const step of sequence) {
        if (step.kind === "push") {
          const waiter = one(all.length);
          all.push(waiter);
          model.push(waiter);
          queue.push(waiter);
        } else if (step.kind === "shift") {
          assert.is(queue.shift(), model.shift());
        } else {
          const waiter = all[step.which];
          if (waiter !== undefined) queue.remove(waiter);
          model = model.filter((each) => each !== waiter);
        }
        assert.is(queue.size, model.length);
      }
      for (const waiter of model) assert.is(queue.shift(), waiter);
      assert.is(queue.shift(), undefined);
      for (const { before, after, waits } of all) assert.equal([before, after, waits], [undefined, undefined, false]);
    }),
  );
});

law.run();
