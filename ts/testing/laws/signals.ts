// Section 10: signals, and that nothing is ever orphaned.
import assert from "node:assert/strict";
import { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { ActorDied, InvalidMessage } from "../../errors/kinds.js";
import { withNursery } from "../../nursery/open.js";
import { actor } from "../../nursery/source.js";
import { rejection, until } from "../gate.js";
import { GONE, TreeHost } from "../host.js";
import { section } from "../law.js";
import { Marked } from "../marked.js";
import { measured } from "../measured.js";
import { isAlive, processState, isTemplate } from "../processes.js";
import { Program } from "../program.js";
import type { StreamingConfig } from "../programs/streaming.js";
import type { TreeConfig } from "../programs/tree.js";

const worker = actor<typeof import("../actors/worker.js")>(new URL("../actors/worker.js", import.meta.url));
const broken = actor<typeof import("../actors/broken.js")>(new URL("../actors/broken.js", import.meta.url));

export const signals = section(10);
const { law } = signals;

/** The bounds of the ladder that a signal climbs, in ms: short ones, so that loops cost little. */
const LADDER = { cancelTimeout: 200, killTimeout: 300 };
/** What a busy machine may take on top, in ms. */
const SLACK = 1_000;

/** Idle and looping, under a nursery of setup and of a task. */
const TREES = [
  { loops: false, via: "setup" },
  { loops: true, via: "setup" },
  { loops: false, via: "task" },
  { loops: true, via: "task" },
] as const;

/** How a program may end by itself, and how that is seen from outside. */
const WAYS_OUT = [
  ["exit", { code: 7, signal: null }],
  ["throw", { code: 1, signal: null }],
  ["reject", { code: 1, signal: null }],
  ["abort", { code: null, signal: "SIGABRT" }],
] as const;

law(
  "SIGKILL of the host leaves no descendant, zombie, socket file or shared memory after 1 s, actors idle or busy",
  async (env) => {
    for (const tree of TREES) {
      const host = new TreeHost(env, tree);
      await host.ready();
      host.program.signal("SIGKILL");
      measured(
        `host killed, tree ${tree.loops ? "busy" : "idle"} (${tree.via}), until nobody is left`,
        await host.gone(),
      );
      assert.deepEqual(await host.program.ended, { code: null, signal: "SIGKILL" });
      await host.marked.reaped();
    }
  },
  { deadline: 60_000, needs: ["process", "nested nurseries"] },
);

law(
  "Nor do process.exit(), uncaught exception, out-of-memory and abort; nor SIGINT, SIGTERM, SIGHUP, within the ladder",
  async (env) => {
    for (const loops of [false, true]) {
      for (const [command, ended] of [...WAYS_OUT, ["exhaust", { code: null, signal: "SIGABRT" }]] as const) {
        const host = new TreeHost(env, { loops }, { execArgv: ["--max-old-space-size=16"] });
        await host.ready();
        host.program.send(command);
        assert.deepEqual(await host.program.ended, ended, `${command}: ${host.program.stderr}`);
        measured(`host ended by ${command}, tree ${loops ? "busy" : "idle"}, until nobody is left`, await host.gone());
      }
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
        const host = new TreeHost(env, { loops, options: { ...env.options(""), ...LADDER } });
        await host.ready();
        const from = performance.now();
        host.program.signal(signal);
        assert.deepEqual(await host.program.ended, { code: null, signal }, `${signal}: ${host.program.stderr}`);
        const took = performance.now() - from;
        measured(`host torn down by ${signal}, tree ${loops ? "busy" : "idle"}`, took);
        assert.ok(took < LADDER.cancelTimeout + LADDER.killTimeout + SLACK, `${took} ms`);
        await host.gone();
      }
    }
  },
  { deadline: 120_000, needs: ["process", "nested nurseries"] },
);

// `exec` has no template; the fork methods add theirs to this law.
law(
  "Nor SIGKILL of a random middle process or of a template, nor the end of a worker thread owning a nursery",
  async (env) => {
    for (const tree of TREES) {
      for (const victim of [0, 1]) {
        const host = new TreeHost(env, tree);
        const pids = await host.ready();
        const killed = pids[victim] as number;
        // Those above it, each with its `sleep`, may live on; the failure of a nursery ends them where they do not loop.
        const above = [host.program.pid, ...pids.slice(0, victim)];
        const below = host.marked
          .living()
          .filter(({ pid, ppid }) => !above.includes(pid) && (!above.includes(ppid) || pid === killed));
        // Actors that fork have a template of their own as well.
        assert.equal(below.filter((one) => !isTemplate(one)).length, 2 * (pids.length - victim));
        const from = performance.now();
        process.kill(killed, "SIGKILL");
        await until("nobody below the victim lives", () => below.every(({ pid }) => !isAlive(pid)), GONE);
        measured(
          `middle process ${victim} killed, tree ${tree.loops ? "busy" : "idle"} (${tree.via})`,
          performance.now() - from,
        );
        // A parent that loops for ever reaps nobody; every other one has.
        if (victim === 0 || !tree.loops)
          await until("the victim is reaped", () => processState(killed) === undefined, GONE);
        host.program.signal("SIGKILL");
        await host.gone();
      }
    }
    if (env.method === "forkserver") {
      for (const tree of TREES) {
        const host = new TreeHost(env, tree);
        const pids = await host.ready();
        const templates = host.marked.living().filter(isTemplate);
        const own = templates.find(({ ppid }) => ppid === host.program.pid);
        assert.ok(own !== undefined && templates.length >= pids.length - 1, JSON.stringify(templates));
        process.kill(own.pid, "SIGKILL");
        await until("the template is reaped", () => processState(own.pid) === undefined, GONE);
        // Its actors live on, and die with their host as ever.
        assert.ok(pids.every(isAlive));
        host.program.signal("SIGKILL");
        measured(`host killed after its template, tree ${tree.loops ? "busy" : "idle"}`, await host.gone());
      }
    }
    for (const loops of env.has("any thread") ? [false, true] : []) {
      for (const end of ["terminate", "exit", "throw"] as const) {
        const marked = new Marked();
        env.defer(() => marked.endAll());
        const busy = loops ? join(env.directory, `worker-${end}`) : undefined;
        const settings = {
          method: env.method,
          depth: 2,
          via: "setup",
          sleepers: true,
          options: env.options(""),
          ...(busy === undefined ? {} : { busy }),
        } satisfies TreeConfig;
        const owner = new Worker(new URL("../programs/owner.js", import.meta.url), {
          workerData: settings,
          env: { ...process.env, ...marked.env },
        });
        const failed = new Promise<unknown>((resolve) => owner.once("error", resolve));
        const { pids } = await new Promise<{ pids: number[] }>((resolve, reject) => {
          owner.on("message", (told) => told.pids !== undefined && resolve(told));
          owner.once("error", reject);
        });
        assert.ok(marked.living().length >= pids.length * 2);
        if (end === "terminate") void owner.terminate();
        else owner.postMessage(end);
        measured(
          `worker ended by ${end}, tree ${loops ? "busy" : "idle"}, until nobody is left`,
          await marked.gone(GONE),
        );
        await until("the worker is gone", () => owner.threadId === -1);
        if (end === "throw") assert.match(String(await failed), /nobody catches this/);
        // This process is the parent of the topmost actor: nobody else would reap it. A fork's parent was its template, and after
        // that process 1.
        const left = processState(pids[0] as number);
        assert.ok(
          left === undefined || (env.has("template") && left.state === "Z" && left.ppid === 1),
          JSON.stringify(left),
        );
      }
    }
  },
  { deadline: 120_000, needs: ["process", "nested nurseries"] },
);

law(
  "All this, zombies apart, holds in a container whose process 1 reaps nothing",
  async (env) => {
    // Process 1 of a new pid namespace is a `sleep`, which waits for nobody; root needs no user namespace for it.
    const namespace =
      process.getuid?.() === 0
        ? ["unshare", "--pid", "--fork"]
        : ["unshare", "--user", "--map-root-user", "--pid", "--fork"];
    const under = [...namespace, "--kill-child", "sh", "-c", 'exec 3<&0; "$@" <&3 & exec sleep 1000', "sh"];
    for (const loops of [false, true]) {
      for (const how of ["SIGKILL", "exit", "throw", "SIGTERM"]) {
        const host = new TreeHost(env, { loops, options: { ...env.options(""), ...LADDER } }, { under });
        const { pid } = await host.program.event<{ pid: number }>("begun");
        assert.ok(pid > 1 && pid < 20, `${pid} is no pid of a new namespace: ${host.program.stderr}`);
        await host.ready();
        const everybody = host.marked.living();
        // Seen from here the host is the parent of the topmost actor and has a command line of its own.
        const outside = everybody.find(
          ({ command }) =>
            command.includes("programs/tree.js") && !command.startsWith("unshare") && !command.startsWith("sh "),
        );
        const frame = everybody.filter(({ command }) => command.startsWith("unshare") || command === "sleep 1000");
        assert.ok(outside !== undefined);
        const one = frame.find(({ pid: candidate }) => candidate === outside.ppid);
        assert.ok(one !== undefined, "process 1 of the namespace is the host's parent");
        const unshare = frame.find(({ pid: candidate }) => candidate === one.ppid);
        if (how.startsWith("SIG")) process.kill(outside.pid, how);
        else host.program.send(how);
        const from = performance.now();
        const kept = [one.pid, unshare?.pid];
        await until(
          "nobody but process 1 lives",
          () => host.marked.living().every(({ pid: living }) => kept.includes(living)),
          how === "SIGTERM" ? LADDER.cancelTimeout + LADDER.killTimeout + SLACK : GONE,
        );
        measured(
          `host ended by ${how} below a process 1 that reaps nothing, tree ${loops ? "busy" : "idle"}`,
          performance.now() - from,
        );
        assert.ok(host.marked.zombies().length > 0, "process 1 has reaped somebody");
        process.kill(one.pid, "SIGKILL");
        await host.program.ended;
        await host.gone();
      }
    }
  },
  { deadline: 120_000, needs: ["process", "nested nurseries"] },
);

law(
  "SIGINT with streams of both kinds running ends the program within 2 s, whichever task started the actors",
  async (env) => {
    for (const starts of env.has("nested nurseries") ? (["program", "task"] as const) : (["program"] as const)) {
      const marked = new Marked();
      env.defer(() => marked.endAll());
      const settings: StreamingConfig = { options: env.options(""), starts };
      const program = new Program("streaming", settings, { env: marked.env });
      await program.event("running");
      const from = performance.now();
      program.signal("SIGINT");
      assert.deepEqual(await program.ended, { code: null, signal: "SIGINT" }, program.stderr);
      const took = performance.now() - from;
      measured(`streams of both kinds, actors started by a ${starts}, from SIGINT to the program's end`, took);
      assert.ok(took < 2_000, `${took} ms`);
      await marked.gone(GONE);
    }
  },
  { deadline: 60_000 },
);

law(
  "A broken channel to a living actor ends it through its handle; a recycled pid is never signalled",
  async (env) => {
    // A number is what a recycled pid is reached by: nothing of brood may use one.
    const byNumber: unknown[] = [];
    const { kill } = process;
    const childKill = ChildProcess.prototype.kill;
    env.defer(() => {
      process.kill = kill;
      ChildProcess.prototype.kill = childKill;
    });
    process.kill = (...args) => (byNumber.push(args), kill.apply(process, args));
    ChildProcess.prototype.kill = function (...args) {
      byNumber.push(args);
      return childKill.apply(this, args);
    };
    await withNursery(
      async (nursery) => {
        for (const how of ["loops", "blocks"] as const) {
          const portal = await nursery.start(broken, env.options(how));
          const pid = await portal.call("pid");
          const from = performance.now();
          const error = await rejection(portal.call("cut", how));
          measured(`channel cut, actor ${how}, until it is ended`, performance.now() - from);
          assert.ok(error instanceof ActorDied);
          const exit = await portal.exited;
          assert.ok(exit.kind === "failed" && exit.error instanceof InvalidMessage, exit.kind);
          assert.equal(processState(pid), undefined);
          // It is gone, and its number may be anybody's: whoever asks for its end reaches nobody.
          assert.equal(await portal.cancel(), true);
          assert.deepEqual(await portal.kill(), exit);
        }
        const climbing = await nursery.start(broken, { ...env.options("climbing"), ...LADDER });
        const pid = await climbing.call("pid");
        kill.call(process, pid, "SIGSTOP");
        await until("it is stopped", () => processState(pid)?.state === "T");
        assert.equal(await climbing.cancel(), false);
      },
      { onDeath: "report" },
    );
    assert.deepEqual(byNumber, []);
  },
  { needs: ["process"] },
);

law(
  "The user's own handlers still run, and are the only ones left after the runtime ends",
  async (env) => {
    // The program's own listener decides: brood tears nothing down, unless it was asked to.
    const own = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    for (const signal of own) {
      const host = new TreeHost(env, { own, sleepers: false, depth: 1 });
      const { listening } = await host.program.event<{ listening: number[] }>("ready");
      assert.deepEqual(listening, [2, 2, 2]);
      host.program.signal(signal);
      assert.equal((await host.program.event("own")).signal, signal);
      host.program.send("close");
      const { exit } = await host.program.event("ended");
      assert.equal(exit.kind, "cancelled");
      assert.equal(exit.reason, undefined, "it was ended by close(), not by the signal");
      assert.deepEqual((await host.program.event<{ after: number[] }>("over")).after, [1, 1, 1]);
      host.program.send("leave");
      assert.deepEqual(await host.program.ended, { code: 0, signal: null });
      await host.gone();
    }
    // Asked with `signals: true`, it tears down beside the listener, which decides about the end of the program.
    const asked = new TreeHost(env, { own: ["SIGTERM"], signals: true, sleepers: false, depth: 1 });
    await asked.program.event("ready");
    asked.program.signal("SIGTERM");
    assert.equal((await asked.program.event("own")).signal, "SIGTERM");
    assert.equal((await asked.program.event("ended")).exit.kind, "cancelled");
    asked.program.send("leave");
    assert.deepEqual(await asked.program.ended, { code: 0, signal: null });
    await asked.gone();
    // Without a listener of its own, a program that has ended its last nursery is as it was.
    const plain = new TreeHost(env, { sleepers: false, depth: 1 });
    assert.deepEqual((await plain.program.event<{ listening: number[] }>("ready")).listening, [1, 1, 1]);
    plain.program.send("close");
    const { before, after } = await plain.program.event<{ before: number[]; after: number[] }>("over");
    assert.deepEqual(
      [before, after],
      [
        [0, 0, 0],
        [0, 0, 0],
      ],
    );
    assert.deepEqual(await plain.program.ended, { code: 0, signal: null });
    await plain.gone();
  },
  { deadline: 60_000, needs: ["main thread"] },
);

law(
  "A program with guests, idle or busy, ends as any other: by itself, by an error and by a signal, within the ladder",
  async (env) => {
    for (const loops of [false, true]) {
      for (const [command, ended] of [...WAYS_OUT, ["close", { code: 0, signal: null }]] as const) {
        const host = new TreeHost(env, { loops });
        await host.ready();
        host.program.send(command);
        assert.deepEqual(await host.program.ended, ended, `${command}: ${host.program.stderr}`);
        await host.gone();
      }
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"] as const) {
        const host = new TreeHost(env, {
          loops,
          options: env.options("", { cancelTimeout: LADDER.cancelTimeout }),
        });
        await host.ready();
        const from = performance.now();
        host.program.signal(signal);
        assert.deepEqual(await host.program.ended, { code: null, signal }, `${signal}: ${host.program.stderr}`);
        const took = performance.now() - from;
        measured(`host with ${loops ? "busy" : "idle"} guests ended by ${signal}`, took);
        assert.ok(took < LADDER.cancelTimeout + SLACK, `${took} ms`);
        await host.gone();
      }
    }
  },
  { deadline: 120_000, needs: ["component", "main thread"] },
);

law(
  "A worker thread that ends takes its own guests along, idle or busy, and nobody else's",
  async (env) => {
    await withNursery(async (nursery) => {
      const ours = await nursery.start(worker, env.options("ours"));
      for (const loops of [false, true]) {
        for (const end of ["terminate", "exit", "throw"] as const) {
          const settings = {
            method: env.method,
            depth: 1,
            via: "setup",
            sleepers: false,
            options: env.options(""),
            ...(loops ? { busy: "yes" } : {}),
          } satisfies TreeConfig;
          const owner = new Worker(new URL("../programs/owner.js", import.meta.url), { workerData: settings });
          const failed = new Promise<unknown>((resolve) => owner.once("error", resolve));
          await new Promise<void>((resolve, reject) => {
            owner.on("message", (told) => told.pids !== undefined && resolve());
            owner.once("error", reject);
          });
          if (end === "terminate") void owner.terminate();
          else owner.postMessage(end);
          await until("the worker is gone", () => owner.threadId === -1);
          if (end === "throw") assert.match(String(await failed), /nobody catches this/);
          // Nobody computes any more, and our own is as it was.
          await until("no guest of the worker computes", () => idle(100));
          assert.equal(await ours.call("add", 1, 2), 3);
        }
      }
      assert.equal(ours.status, "running");
    });
  },
  { deadline: 60_000, needs: ["component"] },
);

/** Whether this process computes next to nothing for `ms`. */
async function idle(ms: number): Promise<boolean> {
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000 < ms / 2;
}
