// An actor that grows levels of actors below itself, which live as long as it does.
import { defineActor, type Task } from "brood/actor";
import { actor } from "brood";

const self = actor<typeof import("./tree.js")>(new URL(import.meta.url));
let own: Task;

export default defineActor(
  {
    ping: () => "pong",
    grow: async (levels: number, width: number, options: object): Promise<number> => {
      if (levels === 0) return 1;
      const nursery = await own.openNursery();
      const counts = await Promise.all(
        Array.from({ length: width }, async (_, index) => {
          const child = await nursery.start(self, { ...options, name: `${levels}-${index}` });
          return child.call("grow", levels - 1, width, options);
        }),
      );
      return 1 + counts.reduce((sum, count) => sum + count, 0);
    },
  },
  {
    setup(task) {
      own = task;
    },
  },
);
