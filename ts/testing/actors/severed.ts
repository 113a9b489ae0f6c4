// The actor of laws about broken channels: it has a process of its own beside it, and an actor below it where it is told so, and notes in a
// file that it leaves.
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { context, defineActor, type } from "../../actor/index.js";
import { actor } from "../../nursery/source.js";
import type { SpawnMethod } from "../../context/surface.js";

export default defineActor(
  {
    add: (a: number, b: number) => a + b,
    echo: context({ receives: type<unknown>(), sends: type<unknown>() }, async (task) => {
      let count = 0;
      for await (const message of task.stream) {
        await task.stream.send(message);
        count++;
      }
      return count;
    }),
    /** Sends messages of so many bytes for ever. */
    flood: async function* (bytes: number) {
      for (;;) yield new Uint8Array(bytes);
    },
  },
  {
    async setup(task) {
      const { SEVERED_NOTES, SEVERED_BELOW } = process.env;
      spawn("sleep", ["1000"], { stdio: "ignore" });
      task.defer(() => appendFileSync(SEVERED_NOTES as string, "left\n"));
      if (SEVERED_BELOW === undefined) return;
      const nursery = await task.openNursery();
      await nursery.start(actor(new URL("./severed.js", import.meta.url)), {
        name: "below",
        spawn: SEVERED_BELOW as Exclude<SpawnMethod, "wasm">,
        env: { SEVERED_NOTES: "/dev/null" },
      });
    },
  },
);
