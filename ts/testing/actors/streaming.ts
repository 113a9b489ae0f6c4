// Streams of both kinds at full speed: a dialogue, and what an async generator yields. Whoever has a nursery runs them: a program, or a
// task of this actor's.
import { context, defineActor, type } from "../../actor/index.js";
import type { Nursery, ProcessOptions } from "../../context/surface.js";
import { actor } from "../../nursery/source.js";

/** After so many messages of each they are running. */
const RUNNING = 100;

/** Resolves when both run; what ends them is nobody's failure. */
export async function runStreams(nursery: Nursery, options: ProcessOptions): Promise<void> {
  const what = actor<typeof import("./streams.js")>(new URL("./streams.js", import.meta.url));
  const peer = await nursery.start(what, { ...options, name: "streams" });
  const echoed = await peer.open("echo");
  const counted = await peer.open("forever");
  const running = (step: () => Promise<unknown>): Promise<void> =>
    new Promise((resolve) => {
      void (async () => {
        for (let count = 0; ; count++) {
          await step();
          if (count === RUNNING) resolve();
        }
      })().catch(() => {});
    });
  await Promise.all([
    running(async () => {
      await echoed.stream.send("there");
      await echoed.stream.next();
    }),
    running(() => counted.stream.next()),
  ]);
}

export default defineActor({
  /** Runs them in a nursery of its own, until it is cancelled. */
  run: context({ started: type<void>() }, async (task, options: ProcessOptions) => {
    await runStreams(await task.openNursery(), options);
    await task.started();
    await new Promise((resolve) => task.signal.addEventListener("abort", resolve));
  }),
});
