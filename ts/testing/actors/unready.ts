// Never becomes ready, in one of several ways, after it has noted its pid.
import { writeFileSync } from "node:fs";
import { defineActor } from "../../actor/index.js";

const { LAW_FILE: file, LAW_HOW: how } = process.env;

if (file !== undefined) writeFileSync(file, String(process.pid));
if (how === "throw on load") throw new RangeError("thrown on load");

export default defineActor(
  { add: (a: number, b: number) => a + b },
  {
    setup(task) {
      if (how === "throw in setup") {
        task.defer(async () => {
          // It is awaited before the process leaves.
          await new Promise((resolve) => setTimeout(resolve, 5));
          if (file !== undefined) writeFileSync(file, "deferred");
        });
        throw new RangeError("thrown in setup");
      }
      // The interval keeps the process.
      if (how === "hang in setup") return new Promise<never>(() => setInterval(() => {}, 1_000));
      return undefined;
    },
  },
);
