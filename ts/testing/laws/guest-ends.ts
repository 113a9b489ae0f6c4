// Sections 4, 6 and 7, of what runs inside this process: a guest ends when it is told to or has used up what it may, and never
// takes anybody along.
import assert from "node:assert/strict";
import type { Portal, WasmOptions } from "../../context/surface.js";
import { CpuLimitExceeded, GuestTrapped, WallLimitExceeded } from "../../errors/guest.js";
import { ActorDied, Cancelled, MemoryLimitExceeded, StartFailed } from "../../errors/kinds.js";
import { isRemote } from "../../errors/remote.js";
import { openNursery, withNursery } from "../../nursery/open.js";
import { thisProcess } from "../../nursery/runtime.js";
import { actor, component, source } from "../../nursery/source.js";
import { bounded } from "../bounded.js";
import { rejection } from "../gate.js";
import { section, type LawEnv } from "../law.js";
import { assertGone } from "../left.js";
import { measured } from "../measured.js";
import { Notes } from "../notes.js";
import { trappingComponent } from "../plain-component.js";
import { silent } from "../silent.js";
import { soon } from "../soon.js";
import { startPlain } from "./component-calls.js";

const worker = actor<typeof import("../actors/worker.js")>(new URL("../actors/worker.js", import.meta.url));
const dialogue = actor<typeof import("../actors/dialogue.js")>(new URL("../actors/dialogue.js", import.meta.url));
const streams = actor<typeof import("../actors/streams.js")>(new URL("../actors/streams.js", import.meta.url));
const unready = actor<typeof import("../actors/unready.js")>(new URL("../actors/unready.js", import.meta.url));

interface Greedy {
  add(a: number, b: number): number;
  forever(): void;
  loop(): void;
  loopLater(): void;
  exhaust(): void;
  recurse(): void;
  pour(): void;
}
/** Takes whatever there is to take. */
const greedy = source<Greedy>(`({
  add: (a, b) => a + b,
  forever: () => new Promise(() => {}),
  loop() { for (;;); },
  loopLater() { setTimeout(() => { for (;;); }, 0); },
  exhaust() { const kept = []; for (;;) kept.push(new Array(1000).fill(kept.length)); },
  recurse() { const deeper = (n) => 1 + deeper(n + 1); return deeper(0); },
  pour() { for (;;) crypto.getRandomValues(new Uint8Array(65536)); },
})`);

export const links = section(4);
export const kills = section(6);
export const limits = section(7);

const NEEDS = { needs: ["component"] } as const;
/** What a busy machine may take on top of a bound, in ms. */
const SLACK = 500;

/** Starts one, and ends it with the law however that goes. */
async function startGreedy(env: LawEnv, name: string, options: WasmOptions = {}): Promise<Portal<Greedy>> {
  const nursery = await openNursery({ onDeath: "report" });
  env.defer(() => nursery.close());
  const portal = await nursery.start(greedy, { ...options, name });
  env.defer(() => portal.kill());
  return portal;
}

/** How it ended, where nobody asked for it; and what its pending call was rejected with. */
async function death(portal: Portal<any>, pending: Promise<unknown>): Promise<ActorDied> {
  const died = await soon(`${portal.id.name} ends`, rejection(pending));
  assert.ok(died instanceof ActorDied, String(died));
  assert.equal(await portal.exited, died.exit);
  return died;
}

bounded(links)(
  "A guest that fails while it sends more than its channel holds has failed with its own error",
  async (env) => {
    await withNursery(
      async (nursery) => {
        for (let round = 0; round < 5; round++) {
          const portal = await nursery.start(streams, env.options("sender"));
          const opening = portal.open("flood", "key", 100_000);
          const failing = portal.call("uncaught", "while it sends").catch(() => {});
          await new Promise((resolve) => setImmediate(resolve));
          // This host reads nothing meanwhile.
          const until = performance.now() + 50;
          while (performance.now() < until);
          await opening.catch(() => {});
          await failing;
          const exit = await portal.exited;
          assert.ok(exit.kind === "failed" && isRemote(exit.error, "RangeError"), JSON.stringify(exit));
        }
      },
      { onDeath: "report" },
    );
  },
  NEEDS,
);

bounded(links)(
  "Guest scheduler and Node loop are a linked pair: exit, failure or cancel of one is seen by the other",
  async (env) => {
    const notes = new Notes();
    await withNursery(
      async (nursery) => {
        // What the host ends, the guest's task hears of; and the other way round.
        const heeding = await nursery.start(dialogue, env.options("heeding", { stdio: notes.hear }));
        const heed = await heeding.open("heed");
        assert.equal(await heed.cancel("from the host"), true);
        assert.deepEqual(
          notes.words.map((word) => (JSON.parse(word) as unknown[]).at(-1)),
          ["from the host"],
        );
        const other = await heeding.open("heed");
        assert.equal(await heeding.cancel("the whole of it"), true);
        assert.ok(other.signal.aborted);
        assert.ok((await rejection(other.result())) instanceof Cancelled);
        assert.equal(notes.words.length, 2);

        const failing = await nursery.start(worker, env.options("failing"));
        const lingering = await failing.open("linger");
        void failing.call("uncaught", "in a timer");
        const died = await rejection(lingering.result());
        assert.ok(died instanceof ActorDied && died.exit.kind === "failed", String(died));
        assert.ok(isRemote(died.exit.error, "RangeError"));
        assert.equal(lingering.signal.reason, died);

        const killed = await nursery.start(worker, env.options("killed"));
        const lost = await killed.open("linger");
        const exit = await killed.kill();
        const gone = await rejection(lost.result());
        assert.ok(gone instanceof ActorDied && gone.exit === exit, String(gone));
      },
      { onDeath: "report" },
    );
  },
  NEEDS,
);

kills.law(
  "In process, kill() ends a guest that is busy, or in a host call that never answers, within 10 ms",
  async (env) => {
    const rounds = 10;
    /** Each brings a guest to where it is killed. */
    const states: Record<string, () => Promise<Portal<any>>> = {
      "that computes": async () => {
        const portal = await startGreedy(env, "loops");
        portal.call("loop").catch(() => {});
        await silent(portal);
        return portal;
      },
      "that computes in a timer": async () => {
        const portal = await startGreedy(env, "loops-later");
        await portal.call("loopLater");
        await silent(portal);
        return portal;
      },
      "that awaits for ever": async () => {
        const portal = await startGreedy(env, "awaits");
        portal.call("forever").catch(() => {});
        assert.equal(await portal.call("add", 1, 2), 3);
        return portal;
      },
      "that calls its host without end": async () => {
        const portal = await startGreedy(env, "pours");
        portal.call("pour").catch(() => {});
        await silent(portal);
        return portal;
      },
      "of no JavaScript, in a loop": async () => {
        const portal = await startPlain(env, "spins");
        portal.call("spin").catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 20));
        return portal;
      },
    };
    for (const [what, reach] of Object.entries(states)) {
      let best = Number.POSITIVE_INFINITY;
      let worst = 0;
      for (let round = 0; round < rounds; round++) {
        const portal = await reach();
        const from = performance.now();
        const exit = await soon(`the end of a guest ${what}`, portal.kill());
        const took = performance.now() - from;
        assert.deepEqual(exit, { kind: "killed", by: thisProcess().id });
        assertGone(env, portal.id);
        best = Math.min(best, took);
        worst = Math.max(worst, took);
      }
      measured(`kill() of a guest ${what}: at best`, best);
      measured(`kill() of a guest ${what}: at worst`, worst);
      assert.ok(best < 10, `${what}: ${best} ms at best`);
      assert.ok(worst < 1_000, `${what}: ${worst} ms`);
    }
    // One that is starting has no portal: its start is aborted.
    const notes = new Notes();
    const controller = new AbortController();
    await withNursery(async (nursery) => {
      const starting = rejection(
        nursery.start(unready, env.options("hangs in setup", { signal: controller.signal, stdio: notes.hear })),
      );
      await notes.come();
      const from = performance.now();
      controller.abort();
      assert.ok((await starting) instanceof Cancelled);
      measured("abort of a start in setup", performance.now() - from);
    });
  },
  { ...NEEDS, deadline: 60_000 },
);

kills.law(
  "A guest that loops, or whose task never ends, is gone at cancelTimeout; there is no step after it",
  async () => {
    const cancelTimeout = 300;
    await withNursery(
      async (nursery) => {
        const options = { spawn: "wasm", cancelTimeout } as const;
        const looping = await nursery.start(worker, { ...options, name: "looping" });
        looping.call("loop").catch(() => {});
        await silent(looping);
        const deaf = await nursery.start(worker, { ...options, name: "deaf" });
        deaf.call("ignore").catch(() => {});
        assert.equal(await deaf.call("add", 1, 2), 3);
        for (const portal of [looping, deaf]) {
          const from = performance.now();
          assert.equal(await portal.cancel("out"), false);
          const took = performance.now() - from;
          measured(`${portal.id.name} guest gone, cancelTimeout ${cancelTimeout}`, took);
          assert.ok(took >= cancelTimeout - 5 && took < cancelTimeout + SLACK, `${portal.id.name}: ${took} ms`);
          assert.deepEqual(await portal.exited, { kind: "killed", by: thisProcess().id });
        }
        // Spared, it goes on: deaf is its loop, not its function.
        const spared = await nursery.start(worker, { ...options, name: "spared" });
        const controller = new AbortController();
        const ignoring = rejection(spared.with({ signal: controller.signal }).call("ignore"));
        assert.equal(await spared.call("add", 1, 2), 3);
        controller.abort("not needed");
        assert.ok((await ignoring) instanceof Cancelled);
        assert.equal(await spared.call("add", 1, 2), 3);
        assert.equal(spared.status, "running");
      },
      { onDeath: "report" },
    );
  },
  NEEDS,
);

kills.law(
  "A guest that has been killed, or has ended itself, leaves its siblings alone",
  async (env) => {
    const sibling = await startGreedy(env, "sibling");
    const waiting = sibling.call("forever").catch((error: unknown) => error);
    const bomb = await startGreedy(env, "bomb", { limits: { memory: "32MiB" } });
    await death(bomb, bomb.call("exhaust"));
    const busy = await startGreedy(env, "busy");
    busy.call("loop").catch(() => {});
    await silent(busy);
    assert.equal(await sibling.call("add", 1, 2), 3);
    await busy.kill();
    assert.equal(await sibling.call("add", 1, 2), 3);
    assert.equal(sibling.status, "running");
    assert.equal(await sibling.cancel(), true);
    assert.ok((await waiting) instanceof Cancelled);
  },
  NEEDS,
);

limits.law(
  "Trap (named frames), memory limit, deadline, stack overflow and failed instantiation have distinct codes",
  async (env) => {
    const told: string[] = [];
    const trapped = async (name: "trap" | "recurse"): Promise<GuestTrapped> => {
      const portal = await startPlain(env, name);
      const pending = name === "trap" ? portal.call("trap") : portal.call("recurse", 0);
      const { exit, message } = await death(portal, pending);
      assert.ok(exit.kind === "failed" && exit.error instanceof GuestTrapped, message);
      told.push(`${exit.error.code} ${exit.error.trap}`);
      return exit.error;
    };
    assert.match((await trapped("trap")).frames, /\btrap\b/);
    assert.match((await trapped("recurse")).frames, /\brecurse\b/);

    const big = await startPlain(env, "big", { limits: { memory: "4MiB" } });
    const grown = await death(big, big.call("grow", 100));
    assert.ok(grown.exit.kind === "failed" && grown.exit.error instanceof MemoryLimitExceeded, grown.message);
    assert.equal(grown.exit.error.limit, 4 * 1024 * 1024);
    told.push(grown.exit.error.code);

    const long = await startPlain(env, "long", { limits: { wall: 100 } });
    const late = await death(long, long.call("spin"));
    assert.ok(late.exit.kind === "failed" && late.exit.error instanceof WallLimitExceeded, late.message);
    told.push(late.exit.error.code);

    const dear = await startPlain(env, "dear", { limits: { cpu: 50 } });
    const cpu = await death(dear, dear.call("spin"));
    assert.ok(cpu.exit.kind === "failed" && cpu.exit.error instanceof CpuLimitExceeded, cpu.message);
    told.push(cpu.exit.error.code);

    const nursery = await openNursery();
    env.defer(() => nursery.close());
    const stillborn = await rejection(
      nursery.start(component(trappingComponent(), { compile: "in-process" }), { name: "stillborn" }),
    );
    assert.ok(stillborn instanceof StartFailed, String(stillborn));
    assert.equal(stillborn.phase, "load");
    assert.ok(stillborn.cause instanceof GuestTrapped, String(stillborn.cause));
    told.push(stillborn.code);
    assert.equal(new Set(told).size, 6, told.join("; "));
  },
  NEEDS,
);

limits.law(
  "A guest of JavaScript that computes too long, or takes too much, ends as failed with the limit that it met",
  async (env) => {
    const perCall = await startGreedy(env, "per-call", { limits: { cpu: 100 } });
    // The limit is of one call, and of what it does by itself between two.
    for (let call = 0; call < 5; call++) assert.equal(await perCall.call("add", call, 1), call + 1);
    const computed = await death(perCall, perCall.call("loop"));
    assert.ok(computed.exit.kind === "failed" && computed.exit.error instanceof CpuLimitExceeded, computed.message);
    assert.deepEqual([computed.exit.error.per, computed.exit.error.limit], ["call", 100]);
    assert.equal(computed.cause, computed.exit.error);

    const later = await startGreedy(env, "later", { limits: { cpu: 100 } });
    const waiting = later.call("forever");
    await later.call("loopLater");
    const between = await death(later, waiting);
    assert.ok(between.exit.kind === "failed" && between.exit.error instanceof CpuLimitExceeded, between.message);

    const ofLife = await startGreedy(env, "of-life", { limits: { cpuTotal: 200 } });
    const lived = await death(ofLife, ofLife.call("loop"));
    assert.ok(lived.exit.kind === "failed" && lived.exit.error instanceof CpuLimitExceeded, lived.message);
    assert.deepEqual([lived.exit.error.per, lived.exit.error.limit], ["life", 200]);
    assert.ok(lived.exit.error.used >= 200, `${lived.exit.error.used} ms`);

    const taker = await startGreedy(env, "taker", { limits: { memory: "24MiB" } });
    const taken = await death(taker, taker.call("exhaust"));
    assert.ok(taken.exit.kind === "failed" && taken.exit.error instanceof MemoryLimitExceeded, taken.message);
    assert.equal(taken.exit.error.limit, 24 * 1024 * 1024);

    const old = await startGreedy(env, "old", { limits: { wall: 150 } });
    const aged = await death(old, old.call("forever"));
    assert.ok(aged.exit.kind === "failed" && aged.exit.error instanceof WallLimitExceeded, aged.message);

    const deep = await startGreedy(env, "deep");
    const overflow = await death(deep, deep.call("recurse"));
    assert.ok(overflow.exit.kind === "failed" && overflow.exit.error instanceof GuestTrapped, overflow.message);
    assert.equal(overflow.exit.error.trap, "stack");
  },
  { ...NEEDS, deadline: 40_000 },
);

limits.law(
  "A guest can throw what looks like an error of brood's; it stays the guest's",
  async () => {
    const liar = source<{ lie(code: string): void }>(
      `({ lie(code) { throw Object.assign(new Error("it was brood"), { name: "ActorDied", code, actor: { name: "root" } }); } })`,
    );
    await withNursery(async (nursery) => {
      const portal = await nursery.start(liar, { name: "liar" });
      const error = await rejection(portal.call("lie", "ERR_BROOD_ACTOR_DIED"));
      assert.ok(isRemote(error, "ActorDied"), String(error));
      assert.equal(error.code, "ERR_BROOD_REMOTE");
      assert.ok(!(error instanceof ActorDied));
      assert.equal(error.actor.uuid, portal.id.uuid);
      assert.equal(portal.status, "running");
    });
  },
  NEEDS,
);
