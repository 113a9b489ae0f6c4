// What becomes of templates: what they preload is looked at before they fork, their death at any moment fails what waits for them and
// nothing else, and where they cannot be had an actor is a fresh process, which says why.
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { actor, openNursery, StartFailed, TemplateFailed, type Nursery, type Portal } from "brood";
import { rejection, until } from "#brood/testing/gate.js";
import { isAlive } from "#brood/testing/processes.js";
import type { Template } from "#brood/spawn/template.js";
import { livingTemplates, retireTemplates } from "#brood/spawn/templates.js";
import { leakCheck } from "../harness/leaks.js";
import { suite, type LawTask } from "../harness/law.js";

const law = suite("forkserver: templates");
const leaks = leakCheck();
type Preloaded = typeof import("#brood/testing/actors/preloaded.js");
const preloaded = actor<Preloaded>(new URL(import.meta.resolve("#brood/testing/actors/preloaded.js")));
const leaver = actor<typeof import("#brood/testing/actors/ways-out.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/ways-out.js")),
);

/** From the death of a template to the end of what waited for it, in ms, on a busy machine. */
const SOON = 2_000;

const module = (name: string): string => import.meta.resolve(`#brood/testing/preloads/${name}.js`);

async function scope(t: LawTask): Promise<Nursery> {
  const nursery = await openNursery({ onDeath: "report" });
  t.defer(() => nursery.cancel());
  return nursery;
}

const start = (nursery: Nursery, options: object = {}): ReturnType<typeof begin> => begin(nursery, options);
function begin(nursery: Nursery, options: object) {
  return nursery.start(preloaded, { name: "one", spawn: "forkserver", ...options });
}

/** The template that an actor was forked from. */
async function templateOf(portal: Awaited<ReturnType<typeof begin>>): Promise<Template> {
  assert.equal(portal.spawnMethod, "forkserver", portal.spawnReason);
  const found = livingTemplates().find(({ word }) => word?.kind === "ready");
  assert.ok(found !== undefined);
  return found;
}

law.before(async () => {
  await using nursery = await openNursery();
  await nursery.run(preloaded, "who", [], { spawn: "forkserver" });
  await nursery.run(preloaded, "who", [], { spawn: "exec" });
});
law.before.each(async () => {
  // Each law has templates of its own.
  const pids = livingTemplates().map(({ pid }) => pid as number);
  retireTemplates();
  await until("it is so", () => !pids.some(isAlive));
  leaks.snapshot();
});
law.after.each(async () => {
  const pids = livingTemplates().map(({ pid }) => pid as number);
  retireTemplates();
  await until("it is so", () => !pids.some(isAlive));
  await leaks.assertSame();
});

const REFUSED: Readonly<Record<string, RegExp>> = {
  timer: /timer\.js: it leaves a timer, made at \S*preloads\/timer\.js:\d+:\d+/,
  "unref-timer": /unref-timer\.js: it leaves a timer, made at \S*preloads\/unref-timer\.js:\d+:\d+/,
  server: /server\.js: it leaves a server that listens, made at \S*preloads\/server\.js:\d+:\d+/,
  worker: /worker\.js: it leaves a worker thread, made at \S*preloads\/worker\.js:\d+:\d+/,
  child: /child\.js: it leaves a child process, made at \S*preloads\/child\.js:\d+:\d+/,
  watch: /watch\.js: it leaves a watch on files, made at \S*preloads\/watch\.js:\d+:\d+/,
  signal: /signal\.js: it leaves a listener for a signal, made at \S*preloads\/signal\.js:\d+:\d+/,
  file: /file\.js: it leaves an open descriptor \(\S*preloads\/file\.js\)/,
  threads: /threads\.js: it leaves a thread \(.*brood-engine\.node/,
  "top-level-await": /top-level-await\.js: it leaves a top-level await that nothing will ever settle/,
};

for (const [name, words] of Object.entries(REFUSED)) {
  law(
    `a preload that leaves something (${name}) is refused by name; as a default the actor is a fresh process and says why`,
    async (t) => {
      const nursery = await scope(t);
      const error = await rejection(start(nursery, { preload: [module(name)] }));
      assert.ok(error instanceof StartFailed, String(error));
      assert.ok(error.cause instanceof TemplateFailed, String(error.cause));
      assert.equal(error.cause.reason, "refused");
      assert.match(error.message, words);
      const { spawnMethod, spawnReason } = await start(nursery, {
        spawn: undefined,
        // It runs in the actor then, and must let it come that far.
        preload: [module(name)],
        startTimeout: 2_000,
      }).catch((late: unknown) => {
        assert.equal(name, "top-level-await", String(late));
        return { spawnMethod: "exec", spawnReason: error.message };
      });
      assert.equal(spawnMethod, "exec");
      assert.match(spawnReason, words);
    },
  );
}

law("a preload that uses much and leaves nothing is forked, and what it has drawn is there", async (t) => {
  const nursery = await scope(t);
  const portal = await start(nursery, { preload: [module("clean"), "typescript"] });
  assert.equal(portal.spawnMethod, "forkserver", portal.spawnReason);
  assert.equal((await portal.call("who")).calls, 1);
});

law("a module that does not load fails its actor as it would in a fresh process", async (t) => {
  const nursery = await scope(t);
  const error = await rejection(start(nursery, { preload: [module("throws")] }));
  assert.ok(error instanceof StartFailed);
  assert.match(error.message, /its module failed to load: Error: it does not load/);
  const missing = await rejection(start(nursery, { preload: ["no-such-package"] }));
  assert.match(String(missing), /Cannot find package 'no-such-package'/);
});

law("the fallback is an event, with what was asked for and why it could not be", async (t) => {
  const heard: any[] = [];
  const hear = (message: unknown): void => void heard.push(message);
  subscribe("brood:fallback", hear);
  t.defer(() => unsubscribe("brood:fallback", hear));
  const nursery = await scope(t);
  const portal = await start(nursery, { execArgv: ["--import", "data:text/javascript,"] });
  assert.equal(portal.spawnMethod, "exec");
  assert.match(portal.spawnReason, /nothing is forked: --import loads code/);
  assert.deepEqual(
    heard.map(({ path, asked, method, reason }) => ({ path, asked, method, reason })),
    [{ path: "/one", asked: "forkserver", method: "exec", reason: portal.spawnReason }],
  );
});

for (const [signal, when] of [
  ["SIGKILL", "forks"],
  ["SIGSTOP", "forks"],
  ["SIGKILL", "loads"],
  ["SIGSTOP", "loads"],
] as const) {
  law(`${signal} of a template that ${when} fails the starts that wait for it, and the next one works`, async (t) => {
    const nursery = await scope(t);
    const running = when === "forks" ? await start(nursery) : undefined;
    const pending = Array.from({ length: 4 }, () => start(nursery, { startTimeout: 5_000 }));
    const outcome = Promise.allSettled(pending);
    if (running === undefined) await until("it is so", () => livingTemplates()[0]?.pid !== undefined);
    const template = livingTemplates()[0] as Template;
    process.kill(template.pid as number, signal);
    const from = performance.now();
    for (const one of await outcome) {
      if (one.status === "fulfilled") continue;
      assert.ok(one.reason instanceof StartFailed, String(one.reason));
      assert.match(one.reason.message, /its template (died|had not)/);
    }
    assert.ok(performance.now() - from < 5_000 + SOON);
    if (signal === "SIGSTOP" && when === "loads") process.kill(template.pid as number, "SIGKILL");
    if (running !== undefined) {
      // It lives on, and its end is still observed, exactly.
      assert.equal((await running.call("who")).pid, running.id.pid);
      assert.ok(isAlive(running.id.pid as number));
      process.kill(running.id.pid as number, "SIGUSR2");
      assert.deepEqual(await running.exited, { kind: "signalled", signal: "SIGUSR2" });
    }
    await until("it is so", () => !livingTemplates().includes(template));
    const next = await start(nursery);
    assert.equal(next.spawnMethod, "forkserver", next.spawnReason);
    assert.equal((await next.call("who")).calls, 1);
  });
}

law("the exit of an actor whose template is gone is still exact", async (t) => {
  const nursery = await scope(t);
  const portal = await nursery.start(leaver, { name: "leaver", spawn: "forkserver" });
  const template = await templateOf(portal as unknown as Awaited<ReturnType<typeof begin>>);
  process.kill(template.pid as number, "SIGKILL");
  await until("it is so", () => !isAlive(template.pid as number));
  portal.call("leave", "exit(7)", false).catch(() => {});
  assert.deepEqual(await portal.exited, { kind: "exited", code: 7 });
});

law("an actor that ends while its template is stopped is told of, and costs the template its life", async (t) => {
  const nursery = await scope(t);
  const portal = await nursery.start(leaver, { name: "leaver", spawn: "forkserver" });
  const template = await templateOf(portal as unknown as Awaited<ReturnType<typeof begin>>);
  process.kill(template.pid as number, "SIGSTOP");
  portal.call("leave", "exit(7)", false).catch(() => {});
  const from = performance.now();
  assert.deepEqual(await portal.exited, { kind: "exited", code: 7 });
  assert.ok(performance.now() - from < 1_000 + SOON);
  await until("it is so", () => !isAlive(template.pid as number));
});

law("at most four templates live; the least recently used drains, and its actors live on until they end", async (t) => {
  const nursery = await scope(t);
  const kinds = [100, 101, 102, 103, 104].map((size) => ({ execArgv: [`--max-old-space-size=${size}`] }));
  const portals: Portal<any>[] = [];
  for (const kind of kinds) portals.push(await start(nursery, { ...kind, startTimeout: 20_000 }));
  assert.equal(livingTemplates().length, 4);
  const first = portals[0] as Portal<any>;
  assert.equal((await first.call("who")).pid, first.id.pid);
  const stat = async (): Promise<number> => Number((await first.call("who")).loadedBy);
  assert.equal(await stat(), first.id.pid);
  await first.close();
  assert.deepEqual(await first.exited.then(({ kind }) => kind), "cancelled");
  assert.ok(livingTemplates().every(({ serves }) => serves));
});

law(
  "three actors in a row that die before they speak break the circuit: no more of their kind are forked, and an event says so",
  async (t) => {
    const heard: string[] = [];
    const hear = (message: unknown): void => void heard.push((message as { event: string }).event);
    subscribe("brood:template", hear);
    t.defer(() => unsubscribe("brood:template", hear));
    const nursery = await scope(t);
    const kind = { preload: [module("sabotage")] };
    for (let death = 0; death < 3; death++) {
      const error = await rejection(start(nursery, kind));
      assert.ok(error instanceof StartFailed, String(error));
      assert.match(error.message, /its process was ended by SIGKILL before it said hello/);
    }
    assert.ok(heard.includes("broken"));
    const next = await start(nursery, kind);
    assert.equal(next.spawnMethod, "exec");
    assert.match(next.spawnReason, /3 actors in a row died before they spoke/);
    assert.equal((await next.call("who")).calls, 1);
    // Others of other kinds are forked as ever.
    assert.equal((await start(nursery)).spawnMethod, "forkserver");
  },
);

law.run();
