// Laws of the engine's addon as Node sees it: what loading it starts, what crosses, and what the end of a Worker leaves.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { EngineEvent, type EngineFailure, type EngineLimits } from "#brood/native/engine.js";
import { loadEngine } from "#brood/native/load.js";
import { plainComponent } from "#brood/testing/plain-component.js";
import { suite } from "../harness/law.js";
import { leakCheck } from "../harness/leaks.js";

const law = suite("engine addon");
const threads = (): string[] =>
  process.platform === "linux"
    ? readdirSync("/proc/self/task").map((id) => readFileSync(`/proc/self/task/${id}/comm`, "utf8").trim())
    : [];
const before = threads();
const engine = loadEngine();
const loaded = threads();
const leaks = leakCheck();

const LIMITS: EngineLimits = { memory: 16 << 20, cpu: 0, cpuTotal: 0, wall: 0, output: 1 << 16 };
type Heard = readonly [kind: number, subject: number, number: number, value: unknown];
const heard: Heard[] = [];
let tell = (): void => {};
let component = 0;
let next = 0;
/** The addon's wake-ups keep no event loop alive. */
const alive = setInterval(() => {}, 1_000_000);

/** The first event of one of these kinds about that subject; it is taken out. */
async function event(kinds: number | readonly number[], subject: number): Promise<Heard> {
  for (;;) {
    const at = heard.findIndex(([kind, about]) => [kinds].flat().includes(kind) && about === subject);
    if (at >= 0) return heard.splice(at, 1)[0] as Heard;
    await new Promise<void>((resolve) => (tell = resolve));
  }
}

function start(limits: Partial<EngineLimits> = {}): number {
  const actor = ++next;
  engine.start(actor, component, { ...LIMITS, ...limits }, 10_000, null);
  return actor;
}

async function ended(actor: number): Promise<EngineFailure> {
  return (await event(EngineEvent.Ended, actor))[3] as EngineFailure;
}

law.before(async () => {
  engine.onWake(() => {
    const events = engine.drain();
    for (let at = 0; at < events.length; at += 4) heard.push(events.slice(at, at + 4) as unknown as Heard);
    tell();
  });
  engine.load(1, null, plainComponent(), false);
  component = (await event(EngineEvent.Loaded, 1))[2];
  const actor = start();
  // Not before: the first instance maps the memory that all of them share.
  await event(EngineEvent.Started, actor);
  engine.kill(actor);
  await ended(actor);
});
law.before.each(() => leaks.snapshot());
law.after.each(() => leaks.assertSame());

law("loading the addon starts no thread; the first component starts those of brood's name", async () => {
  assert.deepEqual(loaded, before);
  const own = (): string[] => threads().filter((name) => name.startsWith("brood-"));
  // A thread gives itself its name; until it has run it bears that of the thread which made it.
  const until = performance.now() + 5_000;
  while (!own().includes("brood-ticker") && performance.now() < until) await sleep(5);
  assert.ok(own().includes("brood-engine") && own().includes("brood-ticker"), own().join(", "));
});

law("numbers, texts and results cross both ways", async () => {
  const actor = start();
  const call = async (name: string, ...args: unknown[]): Promise<Heard> => {
    engine.call(actor, 7, name, args);
    return event([EngineEvent.Result, EngineEvent.Failed], actor);
  };
  assert.deepEqual((await call("add", 2, -3)).slice(2), [7, -1]);
  assert.equal((await call("echo", "äöü \u{1f600}"))[3], "äöü \u{1f600}");
  assert.equal((await call("divide", 7, 2))[3], 3);
  const failed = await call("divide", 1, 0);
  assert.deepEqual([failed[0], failed[3]], [EngineEvent.Failed, "division by zero"]);
  engine.stop(actor);
  assert.equal((await ended(actor)).code, "returned");
});

law("what does not fit a signature is refused before anything happens, and says where", () => {
  const actor = start();
  const refused = (code: string, text: RegExp, name: string, ...args: unknown[]): void => {
    assert.throws(
      () => engine.call(actor, 1, name, args),
      (error: Error & { code?: unknown }) => {
        assert.equal(error.code, code);
        assert.match(error.message, text);
        return true;
      },
    );
  };
  refused("unknown-export", /there is no export nothing/, "nothing");
  refused("argument", /^args\[1\]: s32 is expected, nothing was given/, "add", 1);
  refused("argument", /^args\[0\]: s32 is expected, not a string/, "add", "1", 1);
  refused("argument", /^args\[1\]: 0\.5 is no s32, a whole number from -2147483648 to 2147483647/, "add", 1, 0.5);
  refused("argument", /^args\[0\]: NaN is no s32/, "add", NaN, 1);
  refused("argument", /^3 arguments for 2/, "add", 1, 2, 3);
  refused("argument", /^args\[0\]: string is expected, not an object/, "echo", {});
  engine.kill(actor);
  return ended(actor).then(() => {});
});

law("an actor that is gone takes calls and ends no more, and nothing throws", async () => {
  const actor = start();
  engine.kill(actor);
  assert.equal((await ended(actor)).code, "killed");
  engine.call(actor, 1, "add", [1, 2]);
  engine.kill(actor);
  engine.stop(actor);
  assert.equal(engine.withdraw(actor, 1), false);
  assert.equal(engine.send(actor, new Uint8Array(10)), 0);
  assert.equal(engine.stats().actors, 0);
});

law("a number that is in use is refused, and the actor that has it goes on", async () => {
  const actor = start();
  assert.throws(() => engine.start(actor, component, LIMITS, 1_000, null), /is in use/);
  engine.call(actor, 1, "add", [20, 22]);
  assert.equal((await event(EngineEvent.Result, actor))[3], 42);
  engine.kill(actor);
  assert.equal((await ended(actor)).code, "killed");
});

law("settings that come after the first component are refused unless they are the same", () => {
  assert.throws(() => engine.configure(7, 77, null), /configured already/);
});

law("a Worker that ends takes its own actors along and nobody else's", async () => {
  const actor = start();
  const bystander = new Worker(new URL("./engine.worker.js", import.meta.url), {
    workerData: { bytes: plainComponent(), actors: 3 },
  });
  await new Promise((resolve) => bystander.once("message", resolve));
  await bystander.terminate();
  const from = performance.now();
  engine.call(actor, 1, "add", [1, 1]);
  assert.equal((await event(EngineEvent.Result, actor))[3], 2);
  // Three that compute for ever on the same threads would let it wait for their turns, again and again.
  for (let call = 2; call < 200; call++) {
    engine.call(actor, call, "add", [call, 1]);
    assert.equal((await event(EngineEvent.Result, actor))[3], call + 1);
  }
  process.stdout.write(`  measured: 199 calls after the Worker's end: ${(performance.now() - from).toFixed(1)} ms\n`);
  engine.kill(actor);
  await ended(actor);
});

law.after(() => clearInterval(alive));

law.run();
