// A host that is looked at from outside: it has an actor with a call that waits, may listen to SIGUSR2 itself, and loops on demand.
import { actor, dumpTree, openNursery, type SpawnMethod } from "brood";
import { config, hear, tell } from "#brood/testing/tell.js";

export interface ObservedConfig {
  readonly method: SpawnMethod;
  /** It has a listener of its own. */
  readonly own?: boolean;
}

const { method, own = false } = config<ObservedConfig>();
void main();

async function main(): Promise<void> {
  if (own) process.on("SIGUSR2", () => tell("own"));
  const nursery = await openNursery({ name: "observed" });
  const portal = await nursery.start(
    actor<typeof import("#brood/testing/actors/worker.js")>(
      new URL(import.meta.resolve("#brood/testing/actors/worker.js")),
    ),
    {
      name: "waits",
      spawn: method,
    },
  );
  void portal.call("wait").catch(() => {});
  hear((command) => {
    if (command === "loop") {
      tell("loops");
      for (;;);
    }
    return nursery.cancel().then(() => tell("closed", { listening: process.listenerCount("SIGUSR2") }));
  });
  tell("ready", { pid: portal.id.pid, scopes: (await dumpTree()).scopes.length });
}
