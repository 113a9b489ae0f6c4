// Pools of components, pools inside actors, and what a pool refuses before anything is started.
import {
  ActorDied,
  actor,
  Cancelled,
  component,
  DeadlineExceeded,
  InvalidOption,
  isRemote,
  openNursery,
  pool,
  shared,
  withNursery,
} from "brood";
import * as assert from "uvu/assert";
import { plainComponent } from "#brood/testing/plain-component.js";
import { leakCheck } from "./harness/leaks.js";
import { suite } from "./harness/law.js";

const law = suite("pool");
const leaks = leakCheck();

interface Plain {
  add(a: number, b: number): number;
  echo(text: string): string;
  divide(a: number, b: number): number;
  count(): number;
  spin(): void;
  trap(): void;
}
const plain = component<Plain>(plainComponent());
const worker = actor<typeof import("#brood/testing/actors/worker.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/worker.js")),
);
/** For the first compile on a busy machine, in ms. */
const COMPILE = 120_000;

law.before(async () => {
  await withNursery(async (nursery) => {
    await nursery.run(plain, "add", [1, 2], { startTimeout: COMPILE });
    await nursery.run(worker, "add", [1, 2]);
  });
});
law.before.each(() => leaks.snapshot());
law.after.each(() => leaks.assertSame());

async function rejection(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error("it was expected to reject");
}

law("a pool of components serves calls, tells each caller its own error, and replaces what traps", async () => {
  await using calls = pool(plain, { size: 2 });
  const sums = await Promise.all(Array.from({ length: 100 }, (_, index) => calls.call("add", index, 1)));
  assert.equal(
    sums,
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
  assert.ok(isRemote(await rejection(calls.call("divide", 1, 0)), "ComponentError"));
  const [trapped, ...others] = await Promise.allSettled([
    calls.call("trap"),
    ...Array.from({ length: 20 }, () => calls.call("echo", "text")),
  ]);
  assert.ok(trapped.status === "rejected" && trapped.reason instanceof ActorDied);
  for (const other of others) assert.equal(other, { status: "fulfilled", value: "text" });
  assert.is(calls.stats.replaced, 1);
});

law(
  "a call of a component that runs past its deadline, or is aborted, costs its instance, and no other call",
  async () => {
    await using calls = pool(plain, { size: 1 });
    await calls.ready();
    const late = rejection(calls.with({ deadline: 20 }).call("spin"));
    const waiting = calls.call("add", 1, 2);
    const missed = await late;
    assert.ok(missed instanceof DeadlineExceeded && missed.actorKilled === true);
    assert.is(await waiting, 3);
    const controller = new AbortController();
    const spinning = rejection(calls.with({ signal: controller.signal }).call("spin"));
    const behind = calls.call("add", 3, 4);
    controller.abort();
    assert.ok((await spinning) instanceof Cancelled);
    assert.is(await behind, 7);
    assert.is(calls.stats.replaced, 2);
  },
);

law(
  "a pool whose last actors are gone does not hold the program, and one that is disposed leaves nothing",
  async () => {
    const calls = pool(worker, { size: 2, minSize: 0, idleTimeout: 1 });
    assert.is(await calls.call("add", 1, 2), 3);
    while (calls.children.length > 0) await calls.children[0]?.exited;
    assert.is(calls.stats.actors, 0);
    assert.is(await calls.call("add", 3, 4), 7);
    await calls[Symbol.asyncDispose]();
    assert.is(calls.status, "ended");
  },
);

law("what a pool is given wrong is refused at once, naming the option, the value and what is accepted", () => {
  const refusals: [Record<string, unknown>, RegExp][] = [
    [{ size: 0 }, /^invalid option: pool: size: got 0\. Accepted: a whole number, at least 1\.$/],
    [{ size: 1.5 }, /pool: size: got 1\.5/],
    [{ size: 2, minSize: 3 }, /pool: minSize: got 3\. Accepted: a whole number, from 0 to 2/],
    [{ maxQueue: -1 }, /pool: maxQueue: got -1\. Accepted: a whole number, at least 0, or Infinity/],
    [{ maxCallsPerActor: 0 }, /pool: maxCallsPerActor: got 0/],
    [{ concurrency: Infinity }, /pool: concurrency: got Infinity/],
    [{ idleTimeout: 0 }, /pool: idleTimeout: got 0\. Accepted: a number of milliseconds above 0/],
    [{ nursery: {} }, /pool: nursery: got an object\. Accepted: a nursery: what openNursery\(\) resolves with/],
    [{ name: "a/b" }, /pool: name: got "a\/b"/],
    [{ name: "x".repeat(190) }, /pool: name: got ".*\. Accepted: a string of at most 184 characters/],
    [{ onDeath: "fail" }, /pool: onDeath: got "fail"\. Accepted: nothing: an actor that dies is replaced/],
    [{ onDeaf: "report" }, /pool: onDeaf: .* deaf is killed and replaced/],
    [{ signal: new AbortController().signal }, /pool: signal: .* ended by close\(\) or cancel\(\)/],
    [{ maxQueu: 5 }, /pool: maxQueu: got 5\. Accepted: the options name, nursery, size, .* Did you mean maxQueue\?$/],
    [{ limits: { memory: 5 } }, /pool: limits: .* limits is one of spawn method wasm/],
    [{ spawn: "threads" }, /pool: spawn: got "threads"/],
  ];
  for (const [options, text] of refusals) {
    assert.throws(
      () => pool(worker, options),
      (error: unknown) => error instanceof InvalidOption && text.test(error.message),
      JSON.stringify(options),
    );
  }
  assert.throws(
    () => pool({} as never),
    (error: unknown) => error instanceof InvalidOption,
  );
  const calls = pool(worker, { minSize: 0 });
  assert.throws(
    () => calls.with({ deadline: 0 }),
    (error: unknown) => error instanceof InvalidOption,
  );
  assert.throws(() => calls.with({ timeout: 5 } as never), /Accepted: the options deadline, signal/);
  return calls.close();
});

law("what `shared` is given wrong is refused, and what cannot be closed again is not kept", async () => {
  await using nursery = await openNursery();
  const open = (): null => null;
  for (const [work, text] of [
    [shared({} as never, "key", open), /shared: nursery: got an object/],
    [shared(nursery, "key", 5 as never), /shared: open: got 5\. Accepted: a function/],
    [shared(nursery, "key", open, { close: 5 as never }), /shared: close: got 5/],
    [shared(nursery, "key", () => 5), /shared: what open gave: got 5\. Accepted: something with Symbol.asyncDispose/],
  ] as const) {
    const error = await rejection(work);
    assert.ok(error instanceof InvalidOption && text.test(error.message), String(error));
  }
  const use = await shared(nursery, "key", open);
  assert.is(use.hit, false);
  await use.close();
});

law("the stack of a call that fails has the line of the call, also where it had to wait", async () => {
  await using calls = pool(worker, { size: 1 });
  const asked = async (): Promise<unknown> => rejection(calls.call("fail", "thrown"));
  for (const error of await Promise.all([asked(), asked(), asked()])) {
    assert.ok(isRemote(error, "TypeError"));
    assert.match((error as Error).stack ?? "", /at asked .*pool\.test\.ts/);
  }
});

law.run();
