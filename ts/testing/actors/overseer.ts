// An actor with a supervisor of its own.
import { defineActor, endpoint } from "../../actor/index.js";
import type { Task } from "../../context/surface.js";
import { actor } from "../../nursery/source.js";
import { openSupervisor } from "../../supervisor/open.js";
import type { ActorChild, ChildOptions, Supervisor } from "../../supervisor/surface.js";
import { note } from "../notes.js";

const member = actor<typeof import("./member.js")>(new URL("./member.js", import.meta.url));

let own: Task;
let crew: Supervisor;

/** The members note through this actor's own log, since theirs end here. */
const children = (ids: readonly string[], options: ChildOptions): ActorChild<string, any, "actor">[] =>
  ids.map((id) => ({
    id,
    what: member,
    options: {
      ...options,
      stdio: ({ text }: { text: string }) => {
        const word = text.split("note: ")[1];
        if (word !== undefined) note(own, word);
      },
    },
  }));

export default defineActor(
  {
    /** Opens a supervisor that lives as long as the actor. */
    oversee: async (ids: string[], options: ChildOptions): Promise<number[]> => {
      const nursery = await own.openNursery();
      crew = await openSupervisor({ nursery, name: "crew", strategy: "one_for_all", children: children(ids, options) });
      return crew.whichChildren().map(({ actor: id }) => id?.pid ?? 0);
    },
    /** Kills a member, and waits until its successor answers. */
    replace: async (id: string): Promise<{ path: string; old: string }> => {
      const old = crew.child(id);
      await old.kill();
      const next = await crew.waitForChild(id);
      const refused = await old.call("add", 1, 1).catch((error: Error) => error.name);
      return { path: await next.call("path"), old: refused };
    },
    /** A supervisor of one task: what it gives up with fails the task. */
    giveUp: endpoint(async (task, options: ChildOptions): Promise<void> => {
      const nursery = await task.openNursery();
      const short = await openSupervisor({
        nursery,
        name: "short",
        intensity: 0,
        children: children(["only"], options),
      });
      await short.child("only").kill();
      await nursery.join();
    }),
  },
  {
    setup(task) {
      own = task;
    },
  },
);
