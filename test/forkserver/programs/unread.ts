// A program that has written more than anybody reads when it starts a fork of itself. Says on standard error how that went.
import { actor, withNursery } from "brood";

const worked = actor<typeof import("#brood/testing/actors/worked.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/worked.js")),
);
process.stdout.write("unread ".repeat(100_000));
const said = await withNursery(
  (nursery) =>
    nursery.start(worked, { name: "fork", spawn: "main_thread_forkserver", startTimeout: 300 }).then(
      () => "it started",
      (error: Error) => error.message,
    ),
  { onDeath: "report" },
);
process.stderr.write(`${said}\n`, () => process.exit(0));
