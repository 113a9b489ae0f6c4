// The actor of laws about cancelling: it notes what its signal says, how it leaves, and can be deaf in every way.
import { context, defineActor, endpoint, type, type Task } from "../../actor/index.js";
import type { Cancelled } from "../../errors/kinds.js";
import { builtin, inProcess, ownProcess } from "../builtin.js";
import { opened, type Latch } from "../latch.js";
import { leave } from "../leave.js";
import { note } from "../notes.js";

const aborted = (task: Task): Promise<unknown> =>
  new Promise((resolve) =>
    task.signal.aborted ? resolve(undefined) : task.signal.addEventListener("abort", resolve, { once: true }),
  );

/** Waits for the cancel, notes what it says as JSON, and obeys. */
async function heed(task: Task): Promise<never> {
  await aborted(task);
  const { scope, via, canceller, reason } = task.signal.reason as Cancelled;
  note(
    task,
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
  add: (a: number, b: number) => a + b,
  heed: endpoint(heed),
  heedContext: context({ started: type<void>() }, async (task) => {
    await task.started();
    return heed(task);
  }),
  /** Of a process: notes in `file` every SIGTERM and its own leaving. Listening for SIGTERM makes it deaf to it. */
  noteEnd: (file: string) => {
    const { appendFileSync } = builtin("fs");
    ownProcess().on("SIGTERM", () => appendFileSync(file, "SIGTERM\n"));
    ownProcess().on("exit", (code) => appendFileSync(file, `exit ${code}\n`));
  },
  pid: () => ownProcess().pid,
  leave,
  /** Loops for ever; of a process, `file` is there from then on. */
  loop: (file?: string) => {
    if (inProcess() && file !== undefined) builtin("fs").writeFileSync(file, "");
    for (;;);
  },
  /** Stops its process. */
  stop: () => {
    ownProcess().kill(ownProcess().pid, "SIGSTOP");
  },
  /** When cancelled, notes it, and stays until the latch opens. */
  meet: context({ started: type<void>() }, async (task, latch: Latch) => {
    await task.started();
    await aborted(task);
    note(task, "cancelled");
    await opened(latch);
    note(task, "met");
    throw task.signal.reason;
  }),
});
