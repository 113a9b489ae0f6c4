// A host that leaves a hundred calls floating, in every way in which brood ends them. With the argument "thrown", one that an
// endpoint ends.
import { actor, openNursery, withNursery } from "brood";

const worker = actor<typeof import("#brood/testing/actors/worker.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/worker.js")),
);
const HUNDRED = Array.from({ length: 100 });

let unanswered = 0;
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const named = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (error) {
    return (error as Error).name;
  }
  return "none";
};

if (process.argv[2] === "thrown") {
  await withNursery(async (nursery) => {
    const portal = await nursery.start(worker, { name: "worker" });
    void portal.call("fail", "nobody hears this");
    await nursery.join();
  });
}

const death = await openNursery();
const dying = await death.start(worker, { name: "dying" });
for (const _ of HUNDRED) void dying.call("wait");
unanswered += dying.stats.open;
void dying.call("leave", 3);
void dying.open("linger");
void dying.withContext("linger", [], async () => {});
await dying.exited;
// And those that come too late.
for (const _ of HUNDRED) void dying.call("add", 1, 2);
say(`death ${await named(death.close())}`);

const cancelled = await openNursery();
const portal = await cancelled.start(worker, { name: "worker" });
for (const _ of HUNDRED) void portal.call("wait");
unanswered += portal.stats.open;
await portal.cancel();
say(`cancel ${await named(cancelled.close())}`);

const closed = await openNursery();
const other = await closed.start(worker, { name: "worker" });
for (const _ of HUNDRED) void other.call("forever");
unanswered += other.stats.open;
say(`close ${await named(closed.close())}`);

const starting = await openNursery();
const third = await starting.start(worker, { name: "worker" });
for (const _ of HUNDRED) void third.with({ signal: AbortSignal.abort() }).call("wait");
for (const _ of HUNDRED) void third.call("wait");
unanswered += third.stats.open;
void starting.start(worker, { name: "in flight" });
void starting.run(worker, "wait", []);
const cancelling = starting.cancel();
void starting.start(worker, { name: "too late" });
await cancelling;
say(`starts ${await named(starting.close())}`);

say(`unanswered ${unanswered}`);
