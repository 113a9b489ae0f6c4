// What brood doctor runs as `brood run` does: a program that forks itself, and tells how long that took, in ms, as one line of JSON.
import type { ActorDefinition } from "../context/surface.js";
import { openNursery } from "../nursery/open.js";
import { actor } from "../nursery/source.js";

export interface LiveTrial {
  readonly start: number;
  readonly pause: number;
}

const what = actor<{ default: ActorDefinition<{ answer(): number }> }>(
  new URL("../entry/rehearsal-3.js", import.meta.url),
);
await using nursery = await openNursery();
const options = { name: "trial", spawn: "main_thread_forkserver" } as const;
// With the first come preparations that are made once.
await nursery.run(what, "answer", [], options);
const portal = await nursery.start(what, options);
if ((await portal.call("answer")) !== portal.id.pid) throw new Error("another process has answered");
const { startTime: start, pause = 0 } = portal.stats;
process.stdout.write(`${JSON.stringify({ start, pause } satisfies LiveTrial)}\n`);
