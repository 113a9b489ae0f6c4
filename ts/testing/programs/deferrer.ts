// A host that leaves work to the end of its actor, and waits to be interrupted.
import { withNursery } from "../../nursery/open.js";
import { actor } from "../../nursery/source.js";
import type { SpawnMethod } from "../../context/surface.js";
import { config, tell } from "../tell.js";

const { notes, words, temporary, method } = config<{
  notes: string;
  words: string[];
  temporary: string;
  method: SpawnMethod;
}>();
const scopes = actor<typeof import("../actors/scopes.js")>(new URL("../actors/scopes.js", import.meta.url));

await withNursery(async (nursery) => {
  const portal = await nursery.start(scopes, { spawn: method, name: "tidy" });
  await portal.call("deferAtEnd", notes, words, temporary);
  tell("deferred");
  await nursery.join();
});
