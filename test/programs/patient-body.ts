// A host whose bodies go on after their nursery failed: one not for long, one until it is warned of.
import { actor, withNursery } from "brood";

const worker = actor<typeof import("#brood/testing/actors/worker.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/worker.js")),
);

let warnings = 0;
let tell: (warning: Error & { code?: string }) => void = () => {};
process.removeAllListeners("warning");
process.on("warning", (warning) => {
  warnings++;
  tell(warning);
});

async function fail(name: string, body: () => Promise<void>): Promise<void> {
  try {
    await withNursery(
      async (nursery) => {
        const portal = await nursery.start(worker, { name: "dying" });
        void portal.call("leave", 3);
        await portal.exited;
        await body();
      },
      { name },
    );
  } catch {
    // The death, which is not what this is about.
  }
}

await fail("the fast one", async () => {});
process.stdout.write(`fast ${warnings}\n`);

await fail("the slow one", async () => {
  const since = performance.now();
  // Keeps the process; the warning's own timer does not.
  const alive = setInterval(() => {}, 1_000);
  const warning = await new Promise<Error & { code?: string }>((resolve) => (tell = resolve));
  clearInterval(alive);
  process.stdout.write(
    `slow ${Math.round(performance.now() - since)} ${warning.name} ${warning.code}: ${warning.message}\n`,
  );
});
