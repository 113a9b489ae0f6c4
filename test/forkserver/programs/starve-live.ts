// A program that forks itself with 1, 2, 3 and more descriptors free. Prints how each start went, and how many descriptors it had open
// before and after all of it.
import { closeSync, openSync, readdirSync } from "node:fs";
import { actor, openNursery, StartFailed } from "brood";
import { until } from "#brood/testing/gate.js";

/** More than a start needs. */
const MOST = 24;
const worked = actor<typeof import("#brood/testing/actors/worked.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/worked.js")),
);
const nursery = await openNursery({ onDeath: "report" });
/** Starts an actor and ends it. @param held is closed as soon as it has started */
const startAndEnd = async (held: number[]): Promise<string> => {
  try {
    const portal = await nursery.start(worked, { name: "one", spawn: "main_thread_forkserver" });
    for (const fd of held.splice(0)) closeSync(fd);
    await portal.close();
    return "started";
  } catch (error) {
    if (!(error instanceof StartFailed)) throw error;
    return `${error.code} ${error.message}`;
  } finally {
    for (const fd of held.splice(0)) closeSync(fd);
  }
};
const open = (): number => readdirSync("/proc/self/fd").length;

/** Starts an actor with so many descriptors free. */
const startWith = (free: number): Promise<string> => {
  const held: number[] = [];
  try {
    for (;;) held.push(openSync("/dev/null", "r"));
  } catch {
    // All are taken.
  }
  for (const fd of held.splice(-free)) closeSync(fd);
  return startAndEnd(held);
};

const outcomes = [await startWith(1)];
await startAndEnd([]);
const before = open();
for (let free = 1; free <= MOST; free++) outcomes.push(await startWith(free));
await until("the last are closed", () => open() === before).catch(() => {});
process.stdout.write(`${JSON.stringify({ before, after: open(), outcomes })}\n`);
await nursery.close();
