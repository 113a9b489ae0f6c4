// A host that leaves work to the end of its actor, and waits to be interrupted.
import { withNursery } from "../../nursery/open.js";
import { actor } from "../../nursery/source.js";
import type { SpawnMethod } from "../../context/surface.js";
import { Notes } from "../notes.js";
import { config, tell } from "../tell.js";

const { notes, words, temporary, method } = config<{
  notes: string;
  words: string[];
  temporary: string;
  method: SpawnMethod;
}>();
const worker = actor<typeof import("../actors/worker.js")>(new URL("../actors/worker.js", import.meta.url));

await withNursery(async (nursery) => {
  const portal = await nursery.start(worker, { spawn: method, name: "tidy", stdio: new Notes(notes).hear });
  await portal.call("deferAtEnd", words, notes, temporary);
  tell("deferred");
  await nursery.join();
});
