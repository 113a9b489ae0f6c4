// Section 8 of the specification, of actors that are forked: they are nobody's copy.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { once } from "node:events";
import type { Exit } from "../../errors/exit.js";
import { StartFailed } from "../../errors/kinds.js";
import { TemplateFailed } from "../../errors/template.js";
import { withNursery } from "../../nursery/open.js";
import { actor } from "../../nursery/source.js";
import { livingTemplates } from "../../spawn/templates.js";
import { rejection, until } from "../gate.js";
import { section } from "../law.js";
import { isAlive } from "../processes.js";

const { law, ...declared } = section(8);
export const forks = declared;

const drawer = actor<typeof import("../actors/drawer.js")>(new URL("../actors/drawer.js", import.meta.url));
const waysOut = actor<typeof import("../actors/ways-out.js")>(new URL("../actors/ways-out.js", import.meta.url));
const preload = (name: string): string[] => [new URL(`../preloads/${name}.js`, import.meta.url).href];
const FORK = { needs: ["fork"] } as const;

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
        const portal = await nursery.start(waysOut, env.options("one", { preload: preload("hooks"), stdio }));
        assert.equal(portal.spawnMethod, "forkserver", portal.spawnReason);
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
  "The actor sees its own pid, and no two siblings draw equal random values from any source",
  async (env) => {
    const seen = new Map<string, Set<string>>();
    await withNursery(async (nursery) => {
      for (let sibling = 0; sibling < 6; sibling++) {
        const portal = await nursery.start(drawer, env.options("sibling", { preload: true }));
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
  { ...FORK, deadline: 60_000 },
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
  FORK,
);
