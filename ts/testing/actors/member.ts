// A child of a supervisor: notes in its log when it is up and when it is ended, counts what it is asked, and leaves on request. One with
// LAW_REFUSE, which only a process has, does not start while that file is there.
import { defineActor, endpoint } from "../../actor/index.js";
import type { Task } from "../../context/surface.js";
import { builtin, inProcess, ownProcess } from "../builtin.js";
import { leave } from "../leave.js";
import { note } from "../notes.js";

let asked = 0;
/** The task of setup: it lives as long as the actor. */
let own: Task;

export default defineActor(
  {
    add: (a: number, b: number) => a + b,
    /** How often it was asked this: state that is lost with the actor. */
    count: () => ++asked,
    name: endpoint((task) => task.actor.id.name),
    path: endpoint((task) => task.actor.path),
    leave,
    /** Waits until it is cancelled. */
    wait: endpoint(
      (task) =>
        new Promise<never>((_, reject) => {
          task.signal.addEventListener("abort", () => reject(task.signal.reason));
        }),
    ),
    /** Does not hear of its cancel. */
    loop: () => {
      for (;;);
    },
    /** What it has deferred to its end will fail. */
    failAtEnd: (message: string) =>
      own.defer(() => {
        throw new Error(message);
      }),
  },
  {
    setup(task) {
      own = task;
      const { name } = task.actor.id;
      const file = inProcess() ? ownProcess().env["LAW_REFUSE"] : undefined;
      if (file !== undefined && builtin("fs").existsSync(file)) throw new RangeError("refused in setup");
      note(task, `up ${name}`);
      task.defer(() => note(task, `down ${name}`));
    },
  },
);
