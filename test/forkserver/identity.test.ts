// A forked actor is what a fresh process would be: its number and its parent's, its environment, directory and flags, its descriptors;
// and what it draws at random nobody else draws.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { actor, openNursery, type Portal } from "brood";
import type * as brood from "brood";
import { dropSpares, livingTemplates } from "#brood/spawn/templates.js";
import { until } from "#brood/testing/gate.js";
import { processState } from "#brood/testing/processes.js";
import { leakCheck } from "../harness/leaks.js";
import { suite, type LawTask } from "../harness/law.js";

const law = suite("forkserver: identity");
const leaks = leakCheck();
type Observer = typeof import("#brood/testing/actors/drawer.js");
const observer = actor<Observer>(new URL(import.meta.resolve("#brood/testing/actors/drawer.js")));
const preloaded = actor<typeof import("#brood/testing/actors/preloaded.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/preloaded.js")),
);

const FLAGS = ["--max-old-space-size=200"];
type Started = Portal<brood.EndpointsOf<Observer>>;

async function start(t: LawTask, options: Omit<brood.ProcessOptions, "spawn"> = {}): Promise<Started> {
  const nursery = await openNursery();
  t.defer(() => nursery.cancel());
  const portal = await nursery.start(observer, { name: "observer", spawn: "forkserver", ...options });
  assert.equal(portal.spawnMethod, "forkserver", portal.spawnReason);
  return portal;
}

law.before(async () => {
  await using nursery = await openNursery();
  await nursery.run(observer, "identity", [], { spawn: "forkserver" });
  await nursery.run(observer, "identity", [], { spawn: "forkserver", preload: true });
  await nursery.run(observer, "identity", [], { spawn: "forkserver", execArgv: FLAGS });
  await nursery.run(preloaded, "who", [], { spawn: "forkserver", preload: true });
  leaks.snapshot();
});

law("its pid and its parent's are what the system says, and the host knows them", async (t) => {
  const portal = await start(t);
  const { pid, own, ppid, title } = await portal.call("identity");
  assert.equal(pid, own);
  assert.equal(portal.id.pid, pid);
  assert.ok(livingTemplates().some((template) => template.pid === ppid));
  assert.equal(title, `brood of ${process.pid}: /observer`.slice(0, title.length));
  const state = processState(pid);
  assert.deepEqual([state?.ppid, state?.group], [ppid, pid]);
});

law("its environment, directory, flags and mask are those of a fresh process with the same options", async (t) => {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "cwd-")));
  t.defer(() => rmSync(directory, { recursive: true }));
  const options = {
    env: { A: "1", PATH: undefined, TZ: "Pacific/Kiritimati" },
    cwd: directory,
    execArgv: FLAGS,
  };
  await using nursery = await openNursery();
  const fresh = await nursery.run(observer, "identity", [], { ...options, spawn: "exec" });
  const { env, cwd, execArgv, umask, time } = await (await start(t, options)).call("identity");
  assert.deepEqual(
    { env, cwd, execArgv, umask, time },
    {
      env: fresh.env,
      cwd: directory,
      execArgv: FLAGS,
      umask: fresh.umask,
      time: fresh.time,
    },
  );
});

law("its environment may be larger than what a process can be started with", async (t) => {
  const LONG = "x".repeat(5_000_000);
  const { env } = await (await start(t, { env: { LONG } })).call("identity");
  assert.equal(env["LONG"], LONG);
});

law("each line that it prints arrives, with its own name", async (t) => {
  const lines: string[] = [];
  const portal = await start(t, {
    stdio: ({ actor: who, stream, text }) => void lines.push(`${who.name} ${stream} ${text}`),
  });
  await portal.call("say", "hello");
  await portal.close();
  assert.deepEqual(lines.sort(), ["observer stderr err hello", "observer stdout out hello"]);
});

law("its descriptors are its own and nobody else's, whatever the host and its siblings have open", async (t) => {
  const first = await start(t);
  const one = await first.call("descriptors");
  const second = await (await start(t)).call("descriptors");
  const kinds = (found: Record<string, string>): string[] =>
    Object.values(found)
      .map((target) => target.replace(/^(socket|pipe|anon_inode):.*?(\[[a-z_-]+\])?(\[\d+\])?$/, "$1$2"))
      .sort();
  assert.deepEqual(kinds(one), kinds(second));
  assert.equal(one[0], "/dev/null");
  // Sockets: its two outputs and its channel.
  assert.equal(kinds(one).filter((kind) => kind === "socket").length, 3, JSON.stringify(one));
  const shared = Object.values(one).filter(
    (target) => /^(socket|pipe)/.test(target) && Object.values(second).includes(target),
  );
  assert.deepEqual(shared, []);
  const own = new Set(
    readdirSync("/proc/self/fd").flatMap((fd) => {
      try {
        return [realLink(fd)];
      } catch {
        return [];
      }
    }),
  );
  assert.deepEqual(
    Object.values(one).filter((target) => target.startsWith("/") && target !== "/dev/null" && own.has(target)),
    [],
  );
});

function realLink(fd: string): string {
  return realpathSync(`/proc/self/fd/${fd}`);
}

law("it hears signals and starts processes", async (t) => {
  const portal = await start(t);
  assert.equal(await portal.call("signalsAndProcesses"), "42");
});

law("with preload: true its module is loaded by the template, and each actor has a copy of its own", async (t) => {
  const nursery = await openNursery();
  t.defer(() => nursery.cancel());
  const options = { name: "preloaded", spawn: "forkserver", preload: true } as const;
  const [one, two] = [await nursery.start(preloaded, options), await nursery.start(preloaded, options)];
  const first = await one.call("who");
  assert.deepEqual([first.calls, (await one.call("who")).calls], [1, 2]);
  const second = await two.call("who");
  assert.equal(second.calls, 1);
  assert.equal(first.loadedBy, second.loadedBy);
  assert.notEqual(first.loadedBy, first.pid);
  assert.notEqual(first.pid, second.pid);
  assert.ok(livingTemplates().some(({ pid }) => pid === first.loadedBy));
});

const SIBLINGS = 64;
const DRAWS = 1_000;

law(
  `${SIBLINGS} siblings, their host and actors of their own draw ${DRAWS} numbers from every source, and none twice`,
  async (t) => {
    const nursery = await openNursery();
    t.defer(() => nursery.cancel());
    const seen = new Map<string, Set<string>>();
    let drawn = 0;
    const note = (found: Record<string, string[]>): void => {
      for (const [source, values] of Object.entries(found)) {
        const known = seen.get(source) ?? new Set<string>();
        seen.set(source, known);
        for (const value of values) {
          assert.ok(!known.has(value), `${source}: ${value} was drawn twice`);
          known.add(value);
          drawn += 1;
        }
      }
    };
    const directories = new Set<string>();
    // With the module preloaded: all that it drew when it was loaded, it drew in the template.
    for (let at = 0; at < SIBLINGS; at += 8) {
      const some = await Promise.all(
        Array.from({ length: 8 }, () =>
          nursery.start(observer, { name: "sibling", spawn: "forkserver", preload: true, startTimeout: 60_000 }),
        ),
      );
      for (const portal of some) {
        assert.equal(portal.spawnMethod, "forkserver");
        note(await portal.call("draw", DRAWS));
        directories.add(await portal.call("directory"));
      }
      if (at < 16) note(await (some[0] as Started).call("drawBelow", DRAWS));
      await Promise.all(some.map((portal) => portal.close()));
    }
    assert.equal(directories.size, SIBLINGS);
    assert.ok(drawn > SIBLINGS * DRAWS * 8);
  },
  { deadline: 120_000 },
);

law("after all that nothing of it is left in the host, and its template has no descriptor more", async () => {
  await leaks.assertSame();
  const counts = (): number[] => {
    dropSpares();
    return livingTemplates().map(({ pid }) => readdirSync(`/proc/${pid}/fd`).length);
  };
  const before = counts();
  await using nursery = await openNursery();
  for (let round = 0; round < 5; round++)
    await Promise.all(
      Array.from({ length: 6 }, () => nursery.run(observer, "identity", [], { spawn: "forkserver", preload: true })),
    );
  await until("what was forked ahead is gone", () => isDeepStrictEqual(counts(), before));
});

law.run();
