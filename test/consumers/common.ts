// A program that a user bundles as CommonJS: no top-level await, no import.meta.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { actor, withNursery } from "brood";

const greeter = actor<typeof import("./greeter.js")>(pathToFileURL(join(__dirname, "greeter.js")));

void withNursery(async (nursery) => {
  const portal = await nursery.start(greeter, { name: "greeter" });
  console.log(await portal.call("greet", "bundle"));
});
