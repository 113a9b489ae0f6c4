// The actor of laws about cancelling: it notes what its signal says, how it leaves, and can be deaf in every way.
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { context, defineActor, endpoint, type, type Task } from "../../actor/index.js";
import type { Cancelled } from "../../errors/kinds.js";
import { actor } from "../../nursery/source.js";
import { until } from "../gate.js";

const aborted = (task: Task): Promise<unknown> =>
  new Promise((resolve) =>
    task.signal.aborted ? resolve(undefined) : task.signal.addEventListener("abort", resolve, { once: true }),
  );

/** Waits for the cancel, writes what it says to `file` as JSON, and obeys. */
async function heed(task: Task, file: string): Promise<never> {
  await aborted(task);
  const { scope, via, canceller, reason } = task.signal.reason as Cancelled;
  writeFileSync(
    file,
    JSON.stringify({
      scope,
      via,
      canceller,
      reason: reason instanceof Error ? { name: reason.name, message: reason.message } : reason,
    }),
  );
  throw task.signal.reason;
}

export default defineActor({
  heed: endpoint(heed),
  heedContext: context({ started: type<void>() }, async (task, file: string) => {
    await task.started();
    return heed(task, file);
  }),
  /** Notes in `file` every SIGTERM and its own leaving. Listening for SIGTERM makes it deaf to it. */
  noteEnd: (file: string) => {
    process.on("SIGTERM", () => appendFileSync(file, "SIGTERM\n"));
    process.on("exit", (code) => appendFileSync(file, `exit ${code}\n`));
  },
  pid: () => process.pid,
  /** Loops for ever; `file` is there from then on. */
  loop: (file: string) => {
    writeFileSync(file, "");
    for (;;);
  },
  stop: () => {
    process.kill(process.pid, "SIGSTOP");
  },
  /** When cancelled, waits until `count` actors that share `file` have been cancelled too. */
  meet: context({ started: type<void>() }, async (task, file: string, count: number) => {
    await task.started();
    await aborted(task);
    appendFileSync(file, "cancelled\n");
    await until(`${count} actors are cancelled`, () => readFileSync(file, "utf8").split("\n").length > count);
    appendFileSync(`${file}.met`, "met\n");
    throw task.signal.reason;
  }),
  /** Asks an actor of its own for the time it has left, bounded by `deadline`. */
  timeLeft: endpoint(async (task, deadline: number | undefined) => {
    const nursery = await task.openNursery();
    const child = await nursery.start(actor<typeof import("./worker.js")>(new URL("./worker.js", import.meta.url)), {
      name: "child",
      spawn: task.actor.spawnMethod,
    });
    const { remaining } = await (deadline === undefined ? child : child.with({ deadline })).call("info");
    return { own: task.remaining(), childs: remaining };
  }),
  /** Waits for an actor of its own that never answers, with a deadline much later than any caller's. */
  waitForChild: endpoint(async (task) => {
    const nursery = await task.openNursery();
    const child = await nursery.start(actor<typeof import("./worker.js")>(new URL("./worker.js", import.meta.url)), {
      name: "child",
      spawn: task.actor.spawnMethod,
    });
    return child.with({ deadline: 1_000_000 }).call("wait");
  }),
});
