// A host that runs out of descriptors while it starts actors, and has some again. Prints how each start went, and what the last one
// answered.
import { actor, openNursery, StartFailed, TemplateFailed, type Portal } from "brood";

const preloaded = actor<typeof import("#brood/testing/actors/preloaded.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/preloaded.js")),
);

await using nursery = await openNursery({ onDeath: "report" });
const portals: Portal<any>[] = [];
const start = async (): Promise<string> => {
  try {
    const portal = await nursery.start(preloaded, { name: "one", spawn: "forkserver" });
    portals.push(portal);
    return portal.spawnMethod;
  } catch (error) {
    if (!(error instanceof StartFailed)) throw error;
    const { cause } = error;
    return cause instanceof TemplateFailed
      ? `${error.code} ${cause.code} ${cause.reason} ${cause.errno}`
      : error.message;
  }
};

const outcomes: string[] = [];
while (outcomes.at(-1) === undefined || outcomes.at(-1) === "forkserver") outcomes.push(await start());
outcomes.push(await start());
const answers = await Promise.all(portals.map((portal) => portal.call("who")));
await Promise.all(portals.splice(0, 3).map((portal) => portal.close()));
const again = await start();
process.stdout.write(
  `${JSON.stringify({ started: answers.length, refused: outcomes.filter((one) => one !== "forkserver"), again })}\n`,
);
