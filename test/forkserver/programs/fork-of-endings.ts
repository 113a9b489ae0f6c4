// The actor of endings.ts.
import { setTimeout as sleep } from "node:timers/promises";
import { defineActor, endpoint } from "brood/actor";
import { actor } from "brood";

const self = actor<typeof import("./fork-of-endings.js")>(new URL(import.meta.url));

export default defineActor({
  /** How many ms of CPU it takes to wait for 300. */
  async waitIdly(): Promise<number> {
    const before = process.cpuUsage();
    await sleep(300);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  },
  say(text: string): void {
    process.stdout.write(`${text}\n`);
  },
  /** How an actor of its own ended that was killed from outside. */
  childEnds: endpoint(async (task): Promise<string> => {
    const nursery = await task.openNursery({ onDeath: "report" });
    const portal = await nursery.start(self, { name: "below", spawn: "main_thread_forkserver" });
    process.kill(portal.id.pid as number, "SIGKILL");
    const exit = await Promise.race([portal.exited, sleep(5_000, { kind: "not heard" })]);
    return exit.kind;
  }),
});
