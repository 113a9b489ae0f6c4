// Actors that start actors: trees and chains.
import { context, defineActor, endpoint, type } from "../../actor/index.js";
import type { ActorInfo, Portal, ProcessOptions, Task } from "../../context/surface.js";
import type { ActorId } from "../../errors/identity.js";
import { actor } from "../../nursery/source.js";
import { builtin, inProcess, ownProcess } from "../builtin.js";
import { leave } from "../leave.js";
import { note } from "../notes.js";

const worker = actor<typeof import("./worker.js")>(new URL("./worker.js", import.meta.url));
const self = actor<typeof import("./scopes.js")>(new URL(import.meta.url));

let own: Task;

/** 0 in a guest, which has none. */
const pid = (): number => (inProcess() ? ownProcess().pid : 0);

/** What an actor knows of itself. */
export interface Known extends ActorInfo {
  readonly caller: ActorId;
  readonly pid: number | undefined;
}

export default defineActor(
  {
    pid,
    add: (a: number, b: number) => a + b,
    leave,
    /**
     * Starts a chain of actors below, each in the nursery of the one above; every one tells at its end how many of those below still
     * live: in the file `notes`, a guest by a note.
     */
    chain: async (notes: string, below: string[], options: ProcessOptions): Promise<number[]> => {
      const pids: number[] = [];
      const portals: Portal<any>[] = [];
      own.defer(() => {
        const { name } = own.actor.id;
        if (!inProcess()) return note(own, `${name} ${portals.filter(({ status }) => status !== "ended").length}`);
        const { appendFileSync, existsSync } = builtin("fs");
        appendFileSync(notes, `${name} ${pids.filter((one) => existsSync(`/proc/${one}`)).length}\n`);
      });
      const [name, ...rest] = below;
      if (name !== undefined) {
        const nursery = await own.openNursery();
        const child = await nursery.start(self, { ...options, name });
        portals.push(child);
        pids.push(...(await child.call("chain", notes, rest, options)));
      }
      return [pid(), ...pids];
    },
    /** So many actors below, each in the nursery of the one above; the deepest loops for ever once it has answered. */
    growBusy: async (levels: number, options: ProcessOptions): Promise<void> => {
      if (levels === 0) {
        setTimeout(() => {
          for (;;);
        }, 0);
        return;
      }
      own.defer(() => note(own, `ends above ${levels}`));
      const nursery = await own.openNursery();
      const child = await nursery.start(self, { ...options, name: `level-${levels}` });
      await child.call("growBusy", levels - 1, options);
    },
    /** What it knows of itself, and the actors below it: one for each name, each below the one before. */
    known: endpoint(async (task, names: string[], options: ProcessOptions): Promise<Known[]> => {
      const known: Known = { ...task.actor, caller: task.caller, pid: inProcess() ? pid() : undefined };
      const [name, ...further] = names;
      if (name === undefined) return [known];
      const nursery = await task.openNursery();
      const portal = await nursery.start(self, { ...options, name });
      return [known, ...(await portal.call("known", further, options))];
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
    /** Starts actors of its own and ends them, as long as it can; notes each one. What that ends with it lets through. */
    startForEver: endpoint(async (task, options: ProcessOptions): Promise<never> => {
      const nursery = await task.openNursery();
      for (;;) {
        const child = await nursery.start(worker, { ...options, name: "child" });
        note(task, "started");
        await child.close();
      }
    }),
    /** Asks an actor of its own again and again; what that ends with it lets through. */
    askForEver: endpoint(async (task, options: ProcessOptions): Promise<never> => {
      const nursery = await task.openNursery();
      const child = await nursery.start(worker, { ...options, name: "child" });
      for (let asked = 0; ; asked++) {
        await child.call("add", asked, 1).catch(() => child.exited);
        if (asked === 0) note(task, "asked");
        if (child.status === "ended") await child.call("add", asked, 1);
      }
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
      const looping = await child.call("pid");
      void child.call("loop");
      return looping;
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
