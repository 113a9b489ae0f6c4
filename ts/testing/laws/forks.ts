// Section 8 of the specification, of actors that are forked: they are nobody's copy.
import assert from "node:assert/strict";
import { writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import type { Exit } from "../../errors/exit.js";
import { InvalidOption, StartFailed } from "../../errors/kinds.js";
import { isRemote } from "../../errors/remote.js";
import { TemplateFailed } from "../../errors/template.js";
import { offer } from "../../nursery/offer.js";
import { withNursery } from "../../nursery/open.js";
import { actor } from "../../nursery/source.js";
import { livingTemplates } from "../../spawn/templates.js";
import { gate, rejection, until } from "../gate.js";
import { section, type LawEnv } from "../law.js";
import { isAlive } from "../processes.js";

const { law, ...declared } = section(8);
export const forks = declared;

const drawer = actor<typeof import("../actors/drawer.js")>(new URL("../actors/drawer.js", import.meta.url));
const worker = actor<typeof import("../actors/worker.js")>(new URL("../actors/worker.js", import.meta.url));
const waysOut = actor<typeof import("../actors/ways-out.js")>(new URL("../actors/ways-out.js", import.meta.url));
const preload = (name: string): string[] => [new URL(`../preloads/${name}.js`, import.meta.url).href];
const FORK = { needs: ["fork"] } as const;
const TEMPLATE = { needs: ["template"] } as const;

/** Leaves work behind in this very process that would say so if it ran in another. */
async function pendingHere(env: LawEnv): Promise<void> {
  const self = process.pid;
  const told = (what: string) => (): void => {
    // The number that JavaScript has is put right in a child before all else.
    if (process.pid !== self) writeSync(1, `${what} of the host ran\n`);
  };
  const waiting = gate();
  const [before, exit, soonToo] = [told("a listener"), told("an exit hook"), told("an immediate")];
  process.on("beforeExit", before).on("exit", exit);
  const timers = [setInterval(told("an interval"), 1), setTimeout(told("a timer"), 60_000)];
  void waiting.promise.then(told("a continuation"));
  const again = (): void => {
    soonToo();
    immediate = setImmediate(again);
  };
  let immediate = setImmediate(again);
  env.defer(() => {
    process.off("beforeExit", before).off("exit", exit);
    for (const timer of timers) clearTimeout(timer);
    clearImmediate(immediate);
    waiting.open();
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.nextTick(told("a tick"));
  void readFile("/proc/self/stat").then(told("a file's continuation"));
}

law(
  "The child holds exactly its documented descriptors, none a listener or peer socket of the parent",
  async (env) => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    env.defer(() => server.close());
    await withNursery(async (nursery) => {
      const one = await nursery.start(drawer, env.options("one"));
      const two = await nursery.start(drawer, env.options("two"));
      const [first, second] = [await one.call("descriptors"), await two.call("descriptors")];
      const targets = (all: Record<string, string>, kind: string): string[] =>
        Object.values(all).filter((target) => target.startsWith(`${kind}:`));
      if (!env.has("template")) {
        // At each number that this program has, and that the child might still know, it has the same pipe on which nothing happens.
        const quiet = targets(first, "pipe").filter((target) => targets(second, "pipe").includes(target));
        assert.equal(new Set(quiet).size, 1, JSON.stringify(first));
        const own = (all: Record<string, string>, kind: string): string[] =>
          targets(all, kind).filter((target) => !quiet.includes(target));
        for (const all of [first, second]) {
          assert.equal(own(all, "socket").length, 3, JSON.stringify(all));
          assert.equal(own(all, "pipe").length, 5, JSON.stringify(all));
          for (const target of Object.values(all))
            assert.match(target, /^(socket:|pipe:|anon_inode:\[(eventpoll|eventfd|io_uring)\]$|\/dev\/null$)/);
        }
        assert.deepEqual(
          own(first, "socket").filter((target) => own(second, "socket").includes(target)),
          [],
        );
        return;
      }
      const kinds = (all: Record<string, string>): string[] =>
        Object.values(all)
          .map((target) => target.replace(/:\[\d+\]$/, ""))
          .sort();
      assert.deepEqual(kinds(first), kinds(second));
      // Both outputs and the channel; of pipes its lifeline, and both ends of two of libuv's for signals.
      const count = (kind: string): number => kinds(first).filter((each) => each === kind).length;
      assert.equal(count("socket"), 3, JSON.stringify(first));
      assert.equal(count("pipe"), 5, JSON.stringify(first));
      const own = Object.values(first).filter((target) => /^(socket|pipe):/.test(target));
      assert.ok(!own.some((target) => Object.values(second).includes(target)));
    });
  },
  FORK,
);

law(
  "No timer, listener, pending continuation or exit hook of parent or template runs in the child",
  async (env) => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const hook = (): void => void (ticks += 1_000_000);
    process.on("exit", hook);
    env.defer(() => {
      clearInterval(timer);
      process.removeListener("exit", hook);
    });
    const lines: string[] = [];
    await withNursery(
      async (nursery) => {
        const stdio = ({ text }: { text: string }): void => void lines.push(text);
        const template = env.has("template") ? { preload: preload("hooks") } : {};
        if (!env.has("template")) await pendingHere(env);
        const portal = await nursery.start(waysOut, env.options("one", { ...template, stdio }));
        assert.equal(portal.spawnMethod, env.method, portal.spawnReason);
        portal.call("leave", "exit(7)", true).catch(() => {});
        assert.deepEqual(await portal.exited, { kind: "exited", code: 7 });
      },
      { onDeath: "report" },
    );
    assert.deepEqual(lines, ["first listener", "second listener 7"]);
    assert.ok(ticks < 1_000_000);
  },
  FORK,
);

law(
  "A host that has just begun to write more than a socket takes can be forked",
  async (env) => {
    const server = createServer((socket) => {
      // Nobody reads it.
      socket.pause();
      env.defer(() => socket.destroy());
    }).listen(0, "127.0.0.1");
    env.defer(() => server.close());
    await once(server, "listening");
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    env.defer(() => client.destroy());
    await once(client, "connect");
    client.resume();
    await withNursery(async (nursery) => {
      // The first of its kind takes some turns more.
      await nursery.run(worker, "add", [1, 2], env.options("first"));
      client.write(Buffer.alloc(20_000_000));
      assert.equal(await nursery.run(worker, "add", [1, 2], env.options("second")), 3);
    });
  },
  FORK,
);

law(
  "The actor sees its own pid, and no two siblings draw equal random values from any source",
  async (env) => {
    const seen = new Map<string, Set<string>>();
    await withNursery(async (nursery) => {
      for (let sibling = 0; sibling < 6; sibling++) {
        const portal = await nursery.start(
          drawer,
          env.options("sibling", env.has("template") ? { preload: true } : {}),
        );
        const { pid, own } = await portal.call("identity");
        assert.deepEqual([pid, pid], [own, portal.id.pid]);
        for (const [source, values] of Object.entries(await portal.call("draw", 200))) {
          const known = seen.get(source) ?? new Set();
          seen.set(source, known);
          for (const value of values) assert.ok(!known.has(value), `${source}: ${value} was drawn twice`);
          for (const value of values) known.add(value);
        }
        await portal.close();
      }
    });
    assert.ok(seen.size >= 10);
  },
  FORK,
);

law(
  "Return, throw or trap, process.exit, rejection, drained loop, signal: each gives the true exit within 1 s",
  async (env) => {
    const failed = { kind: "failed" } as const;
    const ways: Record<string, { kind: string; code?: number; signal?: string }> = {
      "exit(0)": { kind: "exited", code: 0 },
      "exit(7)": { kind: "exited", code: 7 },
      "exitCode and exit()": { kind: "exited", code: 9 },
      reallyExit: { kind: "exited", code: 5 },
      abort: { kind: "signalled", signal: "SIGABRT" },
      SIGTERM: { kind: "signalled", signal: "SIGTERM" },
      SIGKILL: { kind: "signalled", signal: "SIGKILL" },
      "an error in a callback": failed,
      "a rejection": failed,
      "an overflow of the stack": failed,
      "an error that a listener handles": { kind: "exited", code: 13 },
    };
    await withNursery(
      async (nursery) => {
        for (const [way, expected] of Object.entries(ways)) {
          const portal = await nursery.start(waysOut, env.options(way, { stdio: "ignore" }));
          // 120 ms of work that collects garbage come first.
          portal.call("leave", way, true).catch(() => {});
          const from = performance.now();
          const exit: Exit = await portal.exited;
          const { kind, code, signal } = exit as { kind: string; code?: number; signal?: string };
          assert.deepEqual(JSON.parse(JSON.stringify({ kind, code, signal })), expected, way);
          assert.ok(performance.now() - from < 1_000 + 120, way);
        }
      },
      { onDeath: "report" },
    );
  },
  { ...FORK, deadline: 60_000 },
);

law(
  "What the host offers an actor that is forked of it has, uncopied and as it was then; any other actor is told that it has none",
  async (env) => {
    const index = { words: new Map([["brood", 1]]), find: (word: string) => `${word}: ${index.words.get(word)}` };
    using offered = offer("the index", index);
    const another = offer("another", 1);
    env.defer(() => another[Symbol.dispose]());
    await withNursery(async (nursery) => {
      const portal = await nursery.start(worker, env.options("one"));
      if (env.has("template") || !env.has("fork")) {
        const error = await rejection(portal.call("find", "the index", "brood"));
        assert.ok(isRemote(error, "Unsupported"), String(error));
        assert.match(error.message, new RegExp(`task.inherited: this actor was started with ${env.method}; only`));
        return;
      }
      index.words.set("brood", 2);
      assert.equal(await portal.call("find", "the index", "brood"), "brood: 1");
      const later = await nursery.start(worker, env.options("later"));
      assert.equal(await later.call("find", "the index", "brood"), "brood: 2");
      // What an actor does to its own stays there.
      assert.equal(await later.call("find", "the index", "brood", 3), "brood: 3");
      assert.equal(index.words.get("brood"), 2);
      const mistyped = await rejection(portal.call("find", "the indez", "brood"));
      assert.match(
        String(mistyped),
        /task\.inherited: key: got "the indez"\. Accepted: the index, another\. Did you mean the index\?/,
      );
      // An actor of an actor has what both of them had.
      const above = await nursery.start(drawer, env.options("above"));
      assert.equal(await above.call("findBelow", "the index", "brood", 4), "brood: 4");
      assert.equal(index.words.get("brood"), 2);
      offered[Symbol.dispose]();
      offered[Symbol.dispose]();
      const without = await nursery.start(worker, env.options("without"));
      assert.match(String(await rejection(without.call("find", "the index", "brood"))), /Accepted: another\.$/);
      for (const key of ["", "x".repeat(201), 5, undefined])
        assert.throws(() => offer(key as string, 1), InvalidOption);
      const { pause, startTime } = portal.stats;
      assert.ok(pause !== undefined && pause > 0 && pause < startTime, JSON.stringify(portal.stats));
    });
  },
);

law(
  "A template with foreign threads, open sockets or live timers is refused, naming the offender",
  async (env) => {
    const culprits = {
      threads: /a thread \(/,
      server: /a server that listens, made at .*server\.js:\d+/,
      timer: /a timer, made at .*timer\.js:\d+/,
    };
    await withNursery(async (nursery) => {
      for (const [name, words] of Object.entries(culprits)) {
        const error = await rejection(nursery.start(drawer, env.options(name, { preload: preload(name) })));
        assert.ok(error instanceof StartFailed && error.cause instanceof TemplateFailed, String(error));
        assert.equal(error.cause.reason, "refused");
        assert.match(error.message, words);
      }
    });
  },
  { ...TEMPLATE, deadline: 60_000 },
);

law(
  "Template death fails pending starts, spares running actors, and the next start works",
  async (env) => {
    // A kind of its own, so that no other law has its template.
    const options = (name: string): ReturnType<typeof env.options> =>
      env.options(name, { execArgv: ["--max-old-space-size=300"] });
    await withNursery(
      async (nursery) => {
        const running = await nursery.start(drawer, options("running"));
        const { ppid } = await running.call("identity");
        process.kill(ppid, "SIGSTOP");
        const pending = rejection(nursery.start(drawer, options("pending")));
        process.kill(ppid, "SIGKILL");
        const error = await pending;
        assert.ok(error instanceof StartFailed && error.cause instanceof TemplateFailed, String(error));
        assert.equal(error.cause.reason, "died");
        assert.ok(isAlive(running.id.pid as number));
        const next = await nursery.start(drawer, options("next"));
        assert.notEqual((await next.call("identity")).ppid, ppid);
        assert.equal(await running.call("signalsAndProcesses"), "42");
        assert.ok(!livingTemplates().some(({ pid }) => pid === ppid));
        assert.equal((await running.kill()).kind, "killed");
        await until("it is reaped", () => !isAlive(running.id.pid as number));
      },
      { onDeath: "report" },
    );
  },
  TEMPLATE,
);
