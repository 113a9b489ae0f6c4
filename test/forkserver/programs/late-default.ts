// A main module that starts the actor in it before it has come to define it. Prints why that failed.
import { defineActor } from "brood/actor";
import { actor, withNursery } from "brood";

const self = actor(new URL(import.meta.url));
const error = await withNursery((nursery) =>
  nursery.start(self, { name: "self", spawn: "main_thread_forkserver" }).then(
    () => "it started",
    (why: Error) => why.message,
  ),
);
process.stdout.write(`${JSON.stringify(error)}\n`);

export default defineActor({ answer: () => 42 });
