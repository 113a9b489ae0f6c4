// Actors that start actors: trees and chains.
import { appendFileSync } from "node:fs";
import { context, defineActor, endpoint, type } from "../../actor/index.js";
import type { ProcessOptions, Task } from "../../context/surface.js";
import { actor } from "../../nursery/source.js";
import { pool } from "../../supervisor/pool.js";
import { leave } from "../leave.js";
import { isAlive } from "../processes.js";

const worker = actor<typeof import("./worker.js")>(new URL("./worker.js", import.meta.url));
const self = actor<typeof import("./scopes.js")>(new URL(import.meta.url));

let own: Task;

export default defineActor(
  {
    pid: () => process.pid,
    add: (a: number, b: number) => a + b,
    leave,
    /** Starts a chain of actors below, each in the nursery of the one above; every one notes at its end who of those below still lives. */
    chain: async (notes: string, below: string[], options: ProcessOptions): Promise<number[]> => {
      const pids: number[] = [];
      own.defer(() => appendFileSync(notes, `${own.actor.id.name} ${pids.filter(isAlive).length}\n`));
      const [name, ...rest] = below;
      if (name !== undefined) {
        const nursery = await own.openNursery();
        const child = await nursery.start(self, { ...options, name });
        pids.push(...(await child.call("chain", notes, rest, options)));
      }
      return [process.pid, ...pids];
    },
    /** A pool below, which is gone with the task: the names of its actors, and the time that a call of it has. */
    pooled: endpoint(async (task, options: ProcessOptions) => {
      const workers = pool(worker, { ...options, size: 2, nursery: await task.openNursery() });
      const infos = await Promise.all(Array.from({ length: 4 }, () => workers.call("info")));
      return { ids: infos.map(({ id }) => id), paths: infos.map(({ path }) => path), remaining: infos[0]?.remaining };
    }),
    /** Two actors below, two below each, and so on; the leaves fail. */
    tree: endpoint(async (task, levels: number, options: ProcessOptions): Promise<never> => {
      if (levels === 0) throw new RangeError(task.actor.path);
      const nursery = await task.openNursery();
      const children = await Promise.all(["left", "right"].map((name) => nursery.start(self, { ...options, name })));
      const outcomes = await Promise.allSettled(children.map((child) => child.call("tree", levels - 1, options)));
      throw new AggregateError(
        outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as unknown] : [])),
        `level ${levels}`,
      );
    }),
    /** Fails by the death of an actor of its own, met at a call and again at the end of the nursery. */
    failBelow: endpoint(async (task, options: ProcessOptions): Promise<never> => {
      const nursery = await task.openNursery();
      const child = await nursery.start(self, { ...options, name: "below" });
      return (await child.call("leave", 7)) as never;
    }),
    /** The same, and survives it. */
    catchBelow: endpoint(async (task, options: ProcessOptions): Promise<string> => {
      const nursery = await task.openNursery();
      const child = await nursery.start(self, { ...options, name: "below" });
      try {
        await child.call("leave", 7);
      } catch (error) {
        return (error as Error).name;
      }
      return "no error";
    }),
    /** The same, and meets it nowhere. */
    ignoreBelow: endpoint(async (task, options: ProcessOptions): Promise<string> => {
      const nursery = await task.openNursery();
      const child = await nursery.start(self, { ...options, name: "below" });
      void child.call("leave", 7);
      await child.exited;
      return "unaware";
    }),
    /** Cancels a nursery of its own, and lets that cancel through. */
    cancelItself: context({ started: type<void>() }, async (task, options: ProcessOptions, reason: string) => {
      const nursery = await task.openNursery();
      const child = await nursery.start(self, { ...options, name: "below" });
      const waiting = child.call("forever");
      void nursery.cancel(reason);
      await waiting;
    }),
    /** Fails by the death of an actor of its own, once it has started. */
    startThenFailBelow: context({ started: type<void>() }, async (task, options: ProcessOptions) => {
      await task.started();
      const nursery = await task.openNursery();
      const child = await nursery.start(self, { ...options, name: "below" });
      void child.call("leave", 7);
      await nursery.join();
    }),
    forever: () => new Promise<never>(() => {}),
    /** Asks an actor of its own for the time it has left, bounded by `deadline`. */
    timeLeft: endpoint(async (task, deadline: number | undefined, options: ProcessOptions) => {
      const nursery = await task.openNursery();
      const child = await nursery.start(worker, { ...options, name: "child" });
      const { remaining } = await (deadline === undefined ? child : child.with({ deadline })).call("info");
      return { own: task.remaining(), childs: remaining };
    }),
    /** Waits for an actor of its own that never answers, with a deadline much later than any caller's. */
    waitForChild: endpoint(async (task, options: ProcessOptions) => {
      const nursery = await task.openNursery();
      const child = await nursery.start(worker, { ...options, name: "child" });
      return child.with({ deadline: 1_000_000 }).call("wait");
    }),
    /** Returns while an actor of its own loops for ever: the pid of that one. */
    leaveLooping: endpoint(async (task, options: ProcessOptions): Promise<number> => {
      const nursery = await task.openNursery();
      const child = await nursery.start(self, { ...options, name: "below" });
      const pid = await child.call("pid");
      void child.call("loop");
      return pid;
    }),
    loop: () => {
      for (;;);
    },
  },
  {
    setup(task) {
      own = task;
    },
  },
);
