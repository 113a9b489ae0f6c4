// Misuses its task, and tells what it is told.
import { defineActor, endpoint, type Task } from "brood/actor";

async function told(misuse: () => unknown): Promise<[name: string, message: string]> {
  try {
    await misuse();
  } catch (error) {
    return [(error as Error).name, (error as Error).message];
  }
  return ["", "it was accepted"];
}

let ended: Task | undefined;

export default defineActor({
  defer: endpoint((task) => told(() => task.defer(undefined as unknown as () => void))),
  openNursery: endpoint((task) => {
    ended = task;
    return told(() => task.openNursery({ cancelTimeout: -1 }));
  }),
  /** With the task of the call before. */
  late: () => told(() => ended?.defer(() => {})),
});
