// A busy program forks itself: nothing of what it was about happens in a child, nothing of it is lost in the program, and each child does
// what any process can and ends as it says.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { pbkdf2 } from "node:crypto";
import { once } from "node:events";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { actor, component, offer, openNursery, Unsupported } from "brood";
import { freshComponent, guest } from "#brood/testing/actors/hosting.js";
import { rejection } from "#brood/testing/gate.js";
import { answerOf, runProgram } from "#brood/testing/run-program.js";
import { note } from "../harness/report.js";
import { suite } from "../harness/law.js";

const derive = promisify(pbkdf2);
const law = suite("a busy program that forks itself");
const worked = actor<typeof import("#brood/testing/actors/worked.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/worked.js")),
);
const FULL = process.env["BROOD_FULL"] !== undefined;
const FORKS = FULL ? 3_000 : 300;

law(
  `of ${FORKS} forks each ends exactly; what the program does runs in it, goes on, and never runs in a child`,
  async () => {
    const end = await runProgram("busy", [String(FORKS)], { ms: FULL ? 1_500_000 : 200_000 });
    assert.deepEqual({ code: end.code, stderr: end.stderr }, { code: 0, stderr: [] });
    const { ran, ended, trespasses, p50 } = JSON.parse(end.stdout.at(-1) as string) as {
      ran: Record<string, number>;
      ended: Record<string, number>;
      trespasses: string;
      p50: number;
    };
    assert.equal(trespasses, "");
    assert.deepEqual(ended, { "all exact": FORKS });
    for (const what of [
      "an interval",
      "an immediate",
      "a file read",
      "a promise of a timer",
      "AbortSignal.timeout",
      "a socket's data",
      "an echo",
      "a TCP echo",
      "a piece",
      "a request",
      "a response",
      "a watch",
      "a signal",
    ])
      assert.ok((ran[what] ?? 0) > FORKS / 10, `${what}: ${ran[what]}`);
    for (const once of [
      "the socket's path is there",
      "all echoes in order",
      "a request without an answer",
      "a pending fetch ends",
    ])
      assert.equal(ran[once], 1, once);
    assert.ok((ran["a copy"] ?? 0) > 0);
    assert.equal(ran["a broken copy"], undefined);
    assert.deepEqual(
      Object.keys(ran).filter((what) => what.startsWith("a failed request")),
      [],
    );
    // When the program had ended it, and not before.
    assert.equal(ran["a child's exit"], 1);
    note(`${process.version}: ${FORKS} forks of a busy program, start p50 ${p50.toFixed(1)} ms`);
  },
  { deadline: FULL ? 1_600_000 : 240_000 },
);

law("a program with a living Worker is not forked, and says why; without it it is again", async (t) => {
  const nursery = await openNursery();
  t.defer(() => nursery.cancel());
  const start = () => nursery.start(worked, { name: "one", spawn: "main_thread_forkserver" });
  const worker = new Worker("setInterval(() => {}, 1e6)", { eval: true });
  await once(worker, "online");
  const error = await rejection(start());
  assert.ok(error instanceof Unsupported, String(error));
  assert.match(error.message, /main_thread_forkserver: this process cannot be forked: it has worker threads \(1\)/);
  await worker.terminate();
  assert.equal(await (await start()).call("work", 0), "all");
});

law(
  "starts close together are made one after the other, and brood's own threads that come and go stand in nobody's way",
  async (t) => {
    const nursery = await openNursery();
    t.defer(() => nursery.cancel());
    // A new thread does not run at once.
    const hogs = Array.from({ length: 3 }, () => spawn("sh", ["-c", "while :; do :; done"], { stdio: "ignore" }));
    t.defer(() => hogs.forEach((hog) => hog.kill("SIGKILL")));
    // libuv's pool is full, so that one thread more is one too many.
    await Promise.all(Array.from({ length: 8 }, () => derive("", "", 1_000, 32, "sha256")));
    for (let round = 0; round < 20; round++) {
      const one = (): Promise<string> => nursery.run(worked, "work", [1], { spawn: "main_thread_forkserver" });
      assert.deepEqual(await Promise.all([one(), one(), one()]), ["all", "all", "all"]);
    }
  },
);

law("an actor that its module has not defined yet does not start, and is told where to define it", async () => {
  const said = answerOf(await runProgram(new URL("./programs/late-default.js", import.meta.url), []));
  assert.match(
    String(said),
    /default' before initialization: file:.*late-default\.js was at an await of its top level when it was forked; define the actor above that, or in a module of its own/,
  );
});

law("what is about to end in the program, or to be written, when it is forked, happens in it alone", async () => {
  const end = await runProgram(new URL("./programs/endings.js", import.meta.url), []);
  assert.equal(end.code, 0, end.stderr.join("\n"));
  assert.equal(end.stderr.length, 1, end.stderr.join("\n"));
  const found = JSON.parse(end.stderr[0] as string) as {
    happened: string[];
    idle: number[];
    ended: string;
    waited: number;
    said: string[];
  };
  assert.deepEqual(found.happened, ["close", "cancelled", "out of time"]);
  for (const ms of found.idle) assert.ok(ms < 100, `a fork that waits took ${ms} ms of CPU in 300`);
  assert.equal(found.ended, "signalled");
  assert.deepEqual(found.said, ["of the actor"]);
  assert.equal(end.stdout.join("\n").length, 27_000 * "of the host ".length);
});

law(
  "a program whose output nobody reads is not forked as long as it has written some, and the start says so",
  async () => {
    const end = await runProgram(new URL("./programs/unread.js", import.meta.url), [], { deaf: true });
    assert.equal(end.code, 0, end.stderr.join("\n"));
    assert.match(
      end.stderr.join("\n"),
      /not ready within 300 ms: this process had not forked itself, since .* its output waited for its reader/,
    );
  },
);

const hosting = actor<typeof import("#brood/testing/actors/hosting.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/hosting.js")),
);

law(
  `a program with guests of its own, idle, busy, coming and going, is forked ${FULL ? 300 : 30} times: each fork has an engine of its own`,
  async (t) => {
    const nursery = await openNursery({ onDeath: "report" });
    t.defer(() => nursery.cancel());
    const portal = await nursery.start(guest, { name: "idle" });
    const busy = await nursery.start(guest, { name: "busy" });
    busy.call("loop").catch(() => {});
    const what = component<{ add(a: number, b: number): number }>(freshComponent(), { compile: "in-process" });
    assert.equal(await nursery.run(what, "add", [1, 2]), 3);
    const state = { over: false, came: 0 };
    const coming = (async () => {
      while (!state.over) {
        assert.equal(await nursery.run(guest, "add", [state.came++, 1]), state.came);
      }
    })();
    const peer = await nursery.start(hosting, { name: "peer", spawn: "main_thread_forkserver" });
    const context = await peer.open("until cancelled");
    const mine = offer("the host's", { portal, nursery, opened: context });
    t.defer(() => mine[Symbol.dispose]());
    for (let count = 0; count < (FULL ? 300 : 30); count++) {
      const fork = await nursery.start(hosting, { name: "fork", spawn: "main_thread_forkserver" });
      const [guests, compiled, others] = await Promise.all([
        fork.call("guests"),
        fork.call("compiled"),
        fork.call("others"),
      ]);
      assert.deepEqual(guests, [3, "ActorDied", 7]);
      assert.equal(compiled, 3);
      for (const [index, said] of others.entries())
        assert.match(
          said,
          /^unsupported: a (portal|nursery|context) of the program that this process was forked of:/,
          `${index}`,
        );
      assert.equal(await portal.call("add", count, 1), count + 1);
      assert.equal((await fork.kill()).kind, "killed");
    }
    assert.equal(await context.cancel(), true);
    state.over = true;
    await coming;
    assert.ok(state.came > 10);
    assert.equal(busy.status, "running");
    assert.equal((await busy.kill()).kind, "killed");
  },
  { deadline: FULL ? 300_000 : 60_000 },
);

law(
  "a program with few descriptors free starts an actor or says that it cannot, and has lost none of them",
  async () => {
    const end = await runProgram(new URL("./programs/starve-live.js", import.meta.url), [], { descriptors: 64 });
    const { before, after, outcomes } = answerOf(end) as { before: number; after: number; outcomes: string[] };
    assert.equal(after, before);
    assert.equal(outcomes.at(-1), "started");
    const refused = outcomes.filter((outcome) => outcome !== "started");
    assert.ok(refused.length > 4, outcomes.join());
    for (const outcome of refused) assert.match(outcome, /^ERR_BROOD_START_FAILED .*(EMFILE|Too many open files)/);
  },
);

law.run();
