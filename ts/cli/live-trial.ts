// What brood doctor runs as `brood run` does: a program that forks itself, and tells how long that took, in ms, or why it cannot, as one
// line of JSON.
import type { ActorDefinition } from "../context/surface.js";
import { openNursery } from "../nursery/open.js";
import { actor } from "../nursery/source.js";

export type LiveTrial = { readonly start: number; readonly pause: number } | { readonly why: string };

const what = actor<{ default: ActorDefinition<{ answer(): number }> }>(
  new URL("../entry/rehearsal-3.js", import.meta.url),
);

async function trial(): Promise<LiveTrial> {
  await using nursery = await openNursery();
  const options = { name: "trial", spawn: "main_thread_forkserver" } as const;
  // With the first come preparations that are made once.
  await nursery.run(what, "answer", [], options);
  const portal = await nursery.start(what, options);
  if ((await portal.call("answer")) !== portal.id.pid) return { why: "another process has answered" };
  const { startTime: start, pause = 0 } = portal.stats;
  return { start, pause };
}

const tried = await trial().catch((error: Error): LiveTrial => ({ why: error.message }));
process.stdout.write(`${JSON.stringify(tried)}\n`);
