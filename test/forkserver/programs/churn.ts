// A host that starts some actors, one after the other, and says so; then it is done, or goes on for ever.
import { actor, openNursery } from "brood";

const preloaded = actor<typeof import("#brood/testing/actors/preloaded.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/preloaded.js")),
);

{
  await using nursery = await openNursery();
  for (let count = 0; count < 3; count++) await nursery.run(preloaded, "who", [], { spawn: "forkserver" });
}
process.stdout.write("started\n");
if (process.argv[2] === "stay") setInterval(() => {}, 1_000_000);
