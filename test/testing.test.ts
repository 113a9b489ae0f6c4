// Laws of brood/testing: its deadlines, its clock, and what it breaks.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { actor, ActorDied, dumpTree, formatTree, InvalidMessage, withNursery } from "brood";
import { ChannelBreaker, DeadlinePassed, leakCheck, VirtualClock, within } from "brood/testing";
import { ROOT } from "./harness/checkout.js";
import { suite } from "./harness/law.js";
import { run } from "./harness/run.js";

const law = suite("testing");
const worker = actor<typeof import("#brood/testing/actors/worker.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/worker.js")),
);

law("a body that waits for ever is rejected, with what keeps the loop", async () => {
  const timer = setTimeout(() => {}, 60_000);
  try {
    await assert.rejects(
      within("it", 50, () => new Promise(() => {})),
      (error: unknown) =>
        error instanceof DeadlinePassed &&
        error.resources.includes("Timeout") &&
        error.message.startsWith("it: not over"),
    );
  } finally {
    clearTimeout(timer);
  }
});

law("a body that is late is told of with the text that its runner gives, which may fail or take for ever", async () => {
  const late = async (describe: () => string | Promise<string>): Promise<DeadlinePassed> =>
    within("it", 20, () => new Promise<never>(() => {}), { describe }).catch(
      (error: unknown) => error as DeadlinePassed,
    );
  const told = await withNursery(
    async (nursery) => {
      const portal = await nursery.start(worker, { name: "waits", spawn: "exec" });
      void portal.call("wait").catch(() => {});
      return late(async () => formatTree(await dumpTree()));
    },
    { name: "hung" },
  );
  assert.match(told.message, /what there is to see:\n.*\n.*nursery hung +open.*\n(.*\n)* .*asks wait #1/);
  assert.match((await late(() => Promise.reject(new RangeError("own")))).message, /no description: RangeError: own/);
  assert.match((await late(() => new Promise(() => {}))).description ?? "", /no description within/);
});

law("a body in time gives its value or throws its own error, and leaves no thread", async () => {
  assert.equal(await within("it", 1_000, () => 3), 3);
  await assert.rejects(
    within("it", 1_000, () => Promise.reject(new RangeError("own"))),
    RangeError,
  );
});

law("where the loop is blocked, the process is ended, and its stack is told", async () => {
  const code = `import { within } from "brood/testing";
    function spinning() { for (;;); }
    await within("a loop", 100, spinning);`;
  const { code: status, stderr } = await run(process.execPath, ["--input-type=module", "-e", code], { cwd: ROOT });
  assert.equal(status, undefined);
  assert.match(stderr, /a loop: not over within 100 ms, and the event loop is blocked at:\n {2}spinning/);
});

law("a virtual clock runs what is due in order, also what that sets, and nothing that was cleared", async () => {
  const clock = new VirtualClock();
  const ran: string[] = [];
  const note = (name: string) => ran.push(`${name} at ${clock.now()}`);
  clock.setTimeout(() => note("b"), 20);
  clock.setTimeout(() => {
    note("a");
    clock.setTimeout(() => note("a's"), 5);
    void Promise.resolve().then(() => note("a's job"));
  }, 10);
  clock.clearTimeout(clock.setTimeout(() => note("cleared"), 12));
  clock.setTimeout(note, 20, "c");
  assert.equal(clock.pending, 3);
  await clock.advance(19);
  assert.deepEqual(ran, ["a at 10", "a's job at 10", "a's at 15"]);
  assert.equal(clock.now(), 19);
  await clock.advance(1);
  assert.deepEqual(ran.slice(3), ["b at 20", "c at 20"]);
  assert.equal(clock.pending, 0);
  const restore = clock.install();
  try {
    globalThis.setTimeout(() => note("installed"), 7);
  } finally {
    restore();
  }
  await clock.advance(7);
  assert.equal(ran.at(-1), "installed at 27");
});

law("a corrupted frame ends the actor that it came from, and its host lives on", async (t) => {
  const breaker = new ChannelBreaker();
  t.defer(() => breaker.remove());
  await withNursery(
    async (nursery) => {
      const next = breaker.next();
      const portal = await nursery.start(worker, { name: "worker", spawn: "exec" });
      const channel = await next;
      assert.equal(await portal.call("add", 1, 2), 3);
      channel.breakAt({ to: "host", at: channel.frames("host").length + 1, how: "corrupt" });
      await assert.rejects(portal.call("add", 1, 2), ActorDied);
      const exit = await portal.exited;
      assert.ok(exit.kind === "failed" && exit.error instanceof InvalidMessage, exit.kind);
      assert.match(exit.error.message, /unknown type/);
      const other = await nursery.start(worker, { name: "other", spawn: "exec" });
      assert.equal(await other.call("add", 1, 2), 3);
    },
    { onDeath: "report" },
  );
});

law("a channel that is cut while its relay is full leaves nothing of it", async (t) => {
  const chaos = actor<typeof import("./actors/chaos.js")>(new URL("./actors/chaos.js", import.meta.url));
  const ladder = { cancelTimeout: 100, killTimeout: 100 };
  for (const ends of [["host"], ["actor"], ["host", "actor"]] as const) {
    const leaks = leakCheck();
    leaks.snapshot();
    const breaker = new ChannelBreaker();
    t.defer(() => breaker.remove());
    await withNursery(
      async (nursery) => {
        const next = breaker.next();
        const portal = await nursery.start(chaos, { name: "stopped", spawn: "exec", ...ladder });
        const channel = await next;
        const { stream } = await portal.open("deafen");
        process.kill(portal.id.pid as number, "SIGSTOP");
        // More than all sockets on the way hold.
        for (let sent = 0; sent < 200; sent++) void stream.send(new Uint8Array(5_000)).catch(() => {});
        const seen = (): number => channel.frames("actor").length;
        for (let before = -1; before !== seen(); await sleep(20)) before = seen();
        channel.cut(ends);
      },
      { onDeath: "report" },
    );
    breaker.remove();
    await leaks.assertSame();
  }
});

law.run();
