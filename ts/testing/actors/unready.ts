// Never becomes ready, as its name says: "hangs in setup", "throws in setup". A process tells its pid in the log before, and one with
// LAW_HOW "throw on load" does not even come there.
import { defineActor } from "../../actor/index.js";
import { inProcess, ownProcess } from "../builtin.js";
import { note } from "../notes.js";

if (inProcess() && ownProcess().env["LAW_HOW"] === "throw on load") throw new RangeError("thrown on load");

export default defineActor(
  { add: (a: number, b: number) => a + b },
  {
    setup(task) {
      note(task, "in setup");
      const { name } = task.actor.id;
      if (name.startsWith("throws in setup")) {
        task.defer(async () => {
          // It is awaited before the actor leaves.
          await new Promise((resolve) => setTimeout(resolve, 5));
          note(task, "deferred");
        });
        throw new RangeError("thrown in setup");
      }
      // The interval keeps a process.
      if (name.startsWith("hangs in setup")) return new Promise<never>(() => setInterval(() => {}, 1_000));
      return undefined;
    },
  },
);
