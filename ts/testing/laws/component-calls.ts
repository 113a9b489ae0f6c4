// Section 3, of components: their exports are called without frames, one call at a time.
import assert from "node:assert/strict";
import type { Portal, WasmOptions } from "../../context/surface.js";
import { ActorDied, Cancelled, DeadlineExceeded, InvalidMessage, UnknownEndpoint } from "../../errors/kinds.js";
import { isRemote } from "../../errors/remote.js";
import { openNursery } from "../../nursery/open.js";
import { thisProcess } from "../../nursery/runtime.js";
import { component } from "../../nursery/source.js";
import { bounded } from "../bounded.js";
import { rejection } from "../gate.js";
import { section, type LawEnv } from "../law.js";
import { plainComponent } from "../plain-component.js";

/** The exports of `plainComponent()`. */
export interface Plain {
  add(a: number, b: number): number;
  echo(text: string): string;
  divide(a: number, b: number): number;
  count(): number;
  work(rounds: number): number;
  spin(): void;
  trap(): void;
  recurse(depth: number): number;
  grow(pages: number): number;
}

export const componentCalls = section(3);
const law = bounded(componentCalls);

const plain = component<Plain>(plainComponent(), { compile: "in-process" });
/** Rounds of `work` that take some tenths of a second. */
const LONG = 400_000_000;

/** Starts one, and ends it with the law. */
export async function startPlain(env: LawEnv, name: string, options: WasmOptions = {}): Promise<Portal<Plain>> {
  const nursery = await openNursery({ onDeath: "report" });
  env.defer(() => nursery.close());
  const portal = await nursery.start(plain, { ...options, name });
  // A law that failed must not wait for what it found to wait for ever.
  env.defer(() => portal.kill());
  return portal;
}

const uncompiled = (call: unknown): ((...args: unknown[]) => Promise<unknown>) =>
  call as (...args: unknown[]) => Promise<unknown>;

law(
  "A component's exports are called with values as they are; its own error is its caller's, and what it has not is refused",
  async (env) => {
    const portal = await startPlain(env, "plain");
    assert.equal(portal.spawnMethod, "wasm");
    assert.equal(await portal.call("add", 2, -5), -3);
    for (const text of ["", "grüße \u{1F41D}", "x".repeat(60_000)]) assert.equal(await portal.call("echo", text), text);
    assert.equal(await portal.call("divide", -7, 2), -3);
    const failed = await rejection(portal.call("divide", 1, 0));
    assert.ok(isRemote(failed), String(failed));
    assert.match(failed.message, /^call divide failed: plain \(\/plain\): .*division by zero$/);
    assert.deepEqual(failed.remote.fields, { payload: "division by zero" });
    assert.equal(failed.actor.uuid, portal.id.uuid);

    const call = uncompiled(portal.call.bind(portal));
    for (const args of [[1], [1, 2, 3], [1, "2"], [1, 2.5], [1, 2 ** 31], [1n, 2], [undefined, 2]]) {
      const bad = await rejection(call("add", ...args));
      assert.ok(bad instanceof InvalidMessage, `${JSON.stringify(args.map(String))}: ${String(bad)}`);
    }
    const unknown = await rejection(call("ad", 1, 2));
    assert.ok(unknown instanceof UnknownEndpoint, String(unknown));
    assert.match(unknown.message, /the actor has .*\. Did you mean add\?$/);
    const opened = await rejection(uncompiled(portal.open.bind(portal))("add", 1, 2));
    assert.ok(opened instanceof UnknownEndpoint, String(opened));
    assert.equal(portal.stats.open, 0);
    assert.equal(await portal.call("add", 1, 2), 3);
  },
  { needs: ["component"] },
);

law(
  "Calls of a component run one at a time, in the order in which they were made",
  async (env) => {
    const portal = await startPlain(env, "plain");
    const order: number[] = [];
    const calls = Array.from({ length: 1_000 }, (_, index) =>
      portal.call("count").then((count) => order.push(count) && assert.equal(count, index + 1)),
    );
    assert.equal(portal.stats.open, 1_000);
    await Promise.all(calls);
    assert.deepEqual(
      order,
      order.map((_, index) => index + 1),
    );
    assert.equal(portal.stats.open, 0);
  },
  { needs: ["component"] },
);

law(
  "A queued call of a component is taken back without harm, at its deadline and by an abort: it is never made",
  async (env) => {
    const portal = await startPlain(env, "plain");
    const running = portal.call("work", LONG);
    const late = await rejection(portal.with({ deadline: 20 }).call("count"));
    assert.ok(late instanceof DeadlineExceeded, String(late));
    assert.equal(late.actorKilled, false);
    const reason = new Error("not needed");
    const controller = new AbortController();
    const aborted = portal.with({ signal: controller.signal }).call("count");
    controller.abort(reason);
    const error = await rejection(aborted);
    assert.ok(error instanceof Cancelled, String(error));
    assert.deepEqual([error.scope, error.via, error.reason, error.acknowledged], ["call", "signal", reason, true]);
    assert.equal(portal.stats.open, 1);
    assert.equal(await running, 0);
    assert.equal(portal.status, "running");
    assert.equal(await portal.call("count"), 1);
  },
  { needs: ["component"] },
);

law(
  "A running call of a component can only be stopped with its instance, and its caller is told so",
  async (env) => {
    for (const how of ["deadline", "signal"] as const) {
      const portal = await startPlain(env, how);
      const controller = new AbortController();
      const bounds = how === "deadline" ? { deadline: 50 } : { signal: controller.signal };
      const running = portal.with(bounds).call("spin");
      const queued = portal.call("count");
      if (how === "signal") setTimeout(() => controller.abort("enough"), 50);
      const error = await rejection(running);
      if (how === "deadline") {
        assert.ok(error instanceof DeadlineExceeded, String(error));
        assert.equal(error.actorKilled, true);
        assert.match(error.message, /it could only be stopped by ending the actor/);
      } else {
        assert.ok(error instanceof Cancelled, String(error));
        assert.deepEqual([error.scope, error.via, error.reason], ["call", "signal", "enough"]);
        assert.notEqual(error.acknowledged, true);
      }
      const exit = await portal.exited;
      assert.deepEqual(exit, { kind: "killed", by: thisProcess().id });
      const lost = await rejection(queued);
      assert.ok(lost instanceof ActorDied, String(lost));
      assert.equal(lost.exit, exit);
    }
  },
  { needs: ["component"] },
);

law(
  "A component that is cancelled finishes the call that runs, drops those that wait, and counts as acknowledged",
  async (env) => {
    const portal = await startPlain(env, "plain", { cancelTimeout: 10_000 });
    assert.equal(await portal.call("count"), 1);
    const running = portal.call("work", LONG);
    // A component cannot tell that it has begun.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const queued = rejection(portal.call("count"));
    assert.equal(await portal.cancel("enough"), true);
    assert.equal(await running, 0);
    assert.ok((await queued) instanceof Cancelled);
    assert.deepEqual(await portal.exited, { kind: "cancelled", by: thisProcess().id, reason: "enough" });
  },
  { needs: ["component"] },
);
