// What a process actor is given and what not: environment, working directory, flags, descriptors; and which options are refused.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, closeSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { actor, InvalidOption, openNursery, withNursery, type ProcessOptions } from "brood";
import { rejection } from "#brood/testing/gate.js";
import { answerOf, runProgram } from "#brood/testing/run-program.js";
import { leakCheck } from "./harness/leaks.js";
import { suite } from "./harness/law.js";

const observer = actor<typeof import("#brood/testing/actors/observer.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/observer.js")),
);
const worker = actor<typeof import("#brood/testing/actors/worker.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/worker.js")),
);

const law = suite("start");
const leaks = leakCheck();
law.before(() =>
  withNursery(async (nursery) => {
    await nursery.run(worker, "add", [1, 2], { spawn: "exec" });
    // Its template stays.
    await nursery.run(worker, "add", [1, 2]);
  }),
);
law.before.each(leaks.snapshot);
law.after.each(leaks.assertSame);

/** What a process actor with these options sees. */
const observe = (options: ProcessOptions) =>
  withNursery((nursery) => nursery.run(observer, "process", [], { name: "observer", spawn: "exec", ...options }));

function temporary(defer: (cleanUp: () => unknown) => void): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "start-")));
  defer(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

law("an actor's environment is PATH, HOME, LANG, TZ, brood's own settings and what is given", async (t) => {
  const before = { ...process.env };
  t.defer(() => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  });
  Object.assign(process.env, {
    LANG: "de_AT.UTF-8",
    TZ: "Europe/Vienna",
    SECRET: "of the host",
    NODE_OPTIONS: "--no-warnings",
    BROOD_TEST_OF_START: "1",
  });
  const { PATH, HOME } = process.env;
  const brood = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("BROOD_")));
  const defaults = {
    ...(PATH === undefined ? {} : { PATH }),
    ...(HOME === undefined ? {} : { HOME }),
    LANG: "de_AT.UTF-8",
    TZ: "Europe/Vienna",
    ...brood,
  };
  assert.deepEqual((await observe({})).env, defaults);
  const { HOME: _home, ...without } = { ...defaults, TZ: "UTC", GIVEN: "ä = \n$PATH", EMPTY: "" };
  assert.deepEqual(
    (await observe({ env: { TZ: "UTC", GIVEN: "ä = \n$PATH", EMPTY: "", HOME: undefined, SECRET: undefined } })).env,
    without,
  );
});

law("an actor's working directory is the host's, or the one that is given", async (t) => {
  const directory = temporary(t.defer);
  assert.equal((await observe({})).cwd, process.cwd());
  assert.equal((await observe({ cwd: directory })).cwd, directory);
});

law("execArgv arrives as given, and the actor sees no other flag of brood's", async () => {
  const { execArgv, argv } = await observe({ execArgv: ["--max-old-space-size=64", "--no-warnings"] });
  assert.deepEqual(execArgv, ["--max-old-space-size=64", "--no-warnings"]);
  // Nothing secret and nothing of the Spec stands where `ps` shows it.
  assert.equal(argv.length, 2);
});

law(
  "an actor inherits --import, --require and --conditions of its host in their order, and never --inspect, -e or anything else",
  async (t) => {
    const directory = temporary(t.defer);
    const modules = join(directory, "node_modules", "conditional");
    mkdirSync(modules, { recursive: true });
    writeFileSync(
      join(modules, "package.json"),
      JSON.stringify({ name: "conditional", exports: { special: "./special.mjs", default: "./plain.mjs" } }),
    );
    writeFileSync(join(modules, "special.mjs"), 'export default "special";');
    writeFileSync(join(modules, "plain.mjs"), 'export default "plain";');
    const note = (name: string, form: string): string => {
      const file = join(directory, name);
      writeFileSync(file, `globalThis.order = [...(globalThis.order ?? []), "${form}"];`);
      return file;
    };
    const file = join(directory, "actor.mjs");
    writeFileSync(
      file,
      `import { defineActor } from ${JSON.stringify(import.meta.resolve("#brood/actor/index.js"))};
     import found from "conditional";
     export default defineActor({ seen: () => ({ order: globalThis.order, found, execArgv: process.execArgv, inspector: process.debugPort }) });`,
    );
    const host = `
    import { withNursery, actor } from ${JSON.stringify(import.meta.resolve("brood"))};
    const seen = await withNursery((nursery) => nursery.run(actor(new URL(${JSON.stringify(pathToFileURL(file).href)})), "seen", []));
    console.log(JSON.stringify({ seen, execArgv: process.execArgv }));`;
    const required = note("required.cjs", "required");
    const imported = note("imported.mjs", "imported");
    const second = note("second.mjs", "second");
    const inherited = [
      "--require",
      required,
      "--import",
      pathToFileURL(imported).href,
      `--import=${pathToFileURL(second).href}`,
      "-C",
      "special",
    ];
    const program = join(directory, "host.mjs");
    writeFileSync(program, host);
    const fromFile = await runProgram(pathToFileURL(program), [], {
      flags: ["--inspect=127.0.0.1:0", "--no-warnings", ...inherited, "--stack-trace-limit=50"],
    });
    const expected = { order: ["required", "imported", "second"], found: "special", execArgv: inherited };
    const { seen } = answerOf(fromFile) as { seen: typeof expected & { inspector: number } };
    assert.deepEqual({ order: seen.order, found: seen.found, execArgv: seen.execArgv }, expected);

    // A one-liner has no main module; its actors are no one-liners.
    const child = spawn(process.execPath, [...inherited, "--input-type=module", "-e", host], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [output] = (await Promise.all([child.stdout.setEncoding("utf8").toArray(), once(child, "exit")])) as [
      string[],
      unknown,
    ];
    const oneLiner = JSON.parse(output.join("")) as { seen: typeof expected };
    assert.deepEqual(oneLiner.seen.execArgv, inherited);
    assert.deepEqual(oneLiner.seen.order, expected.order);
  },
);

law("an actor's descriptors are 0 to 4 and those of any Node", async (t) => {
  const directory = temporary(t.defer);
  // Things of the host that must not be there.
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[import("node:net").Socket]>;
  const client = connect((server.address() as import("node:net").AddressInfo).port, "127.0.0.1");
  const [peer] = await accepted;
  const fd = openSync(join(directory, "open"), "w");
  t.defer(async () => {
    closeSync(fd);
    client.destroy();
    peer.destroy();
    server.close();
    await once(server, "close");
  });

  const kind = (target: string): string => target.replace(/:\[\d+\]$/, "").replace(/^\/.*\//, "/.../");
  const nursery = await openNursery();
  t.defer(() => nursery.close());
  await nursery.start(observer, { name: "sibling", spawn: "exec" });
  const portal = await nursery.start(observer, { name: "observer", spawn: "exec" });
  const all = new Map(await portal.call("descriptors"));
  assert.equal(all.get(0), "/dev/null");
  for (const own of [1, 2, 3])
    assert.match(all.get(own) ?? "", /^(socket|pipe):/, `descriptor ${own}: ${all.get(own)}`);
  assert.match(all.get(4) ?? "", /^(socket|pipe):/);
  assert.equal(new Set([1, 2, 3, 4].map((own) => all.get(own))).size, 4, "each its own");
  const others = [...all]
    .filter(([own]) => own > 4)
    .map(([, target]) => kind(target))
    .sort();

  const plain = join(directory, "plain.mjs");
  writeFileSync(
    plain,
    `import { readdirSync, readlinkSync } from "node:fs";
     // As busy as an actor: its loop has begun to wait, and has met a stream, for which libuv keeps /dev/null in reserve.
     void process.stdout;
     setTimeout(() => console.log(JSON.stringify(readdirSync("/proc/self/fd").flatMap((fd) => {
       try { return [[Number(fd), readlinkSync("/proc/self/fd/" + fd)]]; } catch { return []; }
     }))), 5);`,
  );
  const ofNode = (answerOf(await runProgram(pathToFileURL(plain), [])) as [number, string][]).filter(
    ([own, target]) => own > 2 && !/^\/proc\/\d+\/fd$/.test(target),
  );
  assert.deepEqual(others, ofNode.map(([, target]) => kind(target)).sort());
});

law(
  "an option that would make an actor something else, or cannot be used, is refused before anything is started",
  async (t) => {
    const directory = temporary(t.defer);
    writeFileSync(join(directory, "file"), "");
    const refused: readonly (readonly [option: string, options: Record<string, unknown>, accepted: RegExp])[] = [
      ["env.NODE_OPTIONS", { env: { NODE_OPTIONS: "--inspect" } }, /execArgv/],
      ["env.NODE_OPTIONS", { env: { NODE_OPTIONS: "" } }, /execArgv/],
      ["env.BROOD_CHANNEL", { env: { BROOD_CHANNEL: "x" } }, /brood's own/],
      ["env.BROOD_LOGLEVEL", { env: { BROOD_LOGLEVEL: "loud" } }, /"silent" or "error" or "warn" or "info" or "debug"/],
      ["env.A", { env: { A: 5 } }, /string/],
      ["env.A=B", { env: { "A=B": "x" } }, /without =/],
      ["env.A", { env: { A: "a\0b" } }, /null/],
      ["env", { env: ["A=B"] }, /object/],
      ["env", { env: null }, /object/],
      ["cwd", { cwd: "." }, /absolute/],
      ["cwd", { cwd: join(directory, "missing") }, /directory/],
      ["cwd", { cwd: join(directory, "file") }, /directory/],
      ["cwd", { cwd: 5 }, /absolute/],
      ["execArgv", { execArgv: "--no-warnings" }, /array/],
      ...[
        "-e",
        "--eval=1",
        "-p",
        "-pe",
        "--print",
        "-c",
        "--check",
        "-i",
        "--interactive",
        "--test",
        "--test-only",
        "--watch",
        "--watch-path=.",
        "--run",
        "--inspect",
        "--inspect=0",
        "--inspect-brk",
        "--inspect-port=1",
        "--version",
        "-v",
        "--help",
        "--",
        "",
        "script.js",
        5,
        "a\0b",
      ].map((flag) => ["execArgv[0]", { execArgv: [flag] }, /flag of Node/] as const),
      ["execArgv[1]", { execArgv: ["--no-warnings", "--inspect"] }, /flag of Node/],
      ["stdio", { stdio: "inherit" }, /"forward", "ignore" or a function/],
      ["stdio", { stdio: ["ignore"] }, /"forward", "ignore" or a function/],
      ["inheritMain", { inheritMain: "yes" }, /true or false/],
      ["signal", { signal: {} }, /AbortSignal/],
      ["startTimeout", { startTimeout: 0 }, /above 0/],
      ["startTimeout", { startTimeout: -1 }, /above 0/],
      ["startTimeout", { startTimeout: Infinity }, /at most 2147483647/],
      ["startTimeout", { startTimeout: NaN }, /above 0/],
      ["startTimeout", { startTimeout: "1s" }, /milliseconds/],
      ["killTimeout", { killTimeout: 0 }, /above 0/],
      ["starttimeout", { starttimeout: 5 }, /Did you mean startTimeout\?/],
      ["limits", { limits: {} }, /the options /],
      ["name", { name: "a/b" }, /without \//],
      ["name", { name: "" }, /1 to 200/],
      ["name", { name: undefined }, /1 to 200/],
      ["name", { name: "line\nbreak" }, /control characters/],
    ];
    await withNursery(async (nursery) => {
      for (const [option, options, accepted] of refused) {
        const error = await rejection(nursery.start(worker, { name: "one", ...options } as never));
        const shown = JSON.stringify(options);
        assert.ok(error instanceof InvalidOption, `${shown}: ${String(error)}`);
        assert.equal(error.option, `nursery.start: ${option}`, shown);
        assert.match(error.accepted, accepted, shown);
        assert.ok(error.message.includes(error.accepted.replace(/\.$/, "")), error.message);
      }
      assert.deepEqual(nursery.children, []);
    });
  },
);

law(
  "BROOD_SPAWN_METHOD replaces the default and says so, but no explicit choice; a bad value lists the known",
  async () => {
    type Answer = {
      spawnMethod?: string;
      spawnReason?: string;
      logLevel?: string;
      error?: { name: string; option?: string; message: string };
    };
    const start = async (env: Record<string, string>, options: object = {}): Promise<Answer> =>
      answerOf(
        await runProgram("one-start", [JSON.stringify(options)], {
          env: { BROOD_SPAWN_METHOD: undefined, BROOD_LOGLEVEL: undefined, ...env },
        }),
      ) as Answer;
    const [byDefault, set, explicit, empty, bad, announced] = await Promise.all([
      start({}),
      start({ BROOD_SPAWN_METHOD: "exec" }),
      start({ BROOD_SPAWN_METHOD: "nonsense" }, { spawn: "exec" }),
      start({ BROOD_SPAWN_METHOD: "" }),
      start({ BROOD_SPAWN_METHOD: "nonsense" }),
      start({ BROOD_SPAWN_METHOD: "wasm_fork" }),
    ]);
    assert.equal(byDefault.spawnReason, "the default");
    assert.deepEqual([set.spawnMethod, set.spawnReason], ["exec", "set by BROOD_SPAWN_METHOD"]);
    assert.deepEqual([explicit.spawnMethod, explicit.spawnReason], ["exec", "asked for"]);
    assert.equal(empty.spawnReason, "the default");
    assert.equal(bad.error?.option, "BROOD_SPAWN_METHOD");
    assert.match(bad.error.message, /BROOD_SPAWN_METHOD: got "nonsense"\. Accepted: .*"exec"/);
    assert.equal(announced.error?.name, "Unsupported");
    assert.match(announced.error.message, /wasm_fork: this version does not have it yet; it has .*exec/);
  },
);

law("BROOD_LOGLEVEL sets the log level of the whole tree; a bad value lists the known", async () => {
  type Answer = { logLevel?: string; error?: { option?: string; message: string } };
  const start = async (level: string): Promise<Answer> =>
    answerOf(await runProgram("one-start", ["{}"], { env: { BROOD_LOGLEVEL: level } })) as Answer;
  const [debug, silent, empty, bad] = await Promise.all([start("debug"), start("silent"), start(""), start("loud")]);
  assert.equal(debug.logLevel, "debug");
  assert.equal(silent.logLevel, "silent");
  assert.equal(empty.logLevel, "info");
  assert.equal(bad.error?.option, "BROOD_LOGLEVEL");
  assert.match(bad.error.message, /BROOD_LOGLEVEL: got "loud"\. Accepted: silent, error, warn, info, debug\./);
});

law("starts that fail, one after the other and all at once, leave nothing, and the next start works", async () => {
  const missing = actor(pathToFileURL(join(tmpdir(), "no-such-actor.mjs")));
  await withNursery(async (nursery) => {
    for (let round = 0; round < 5; round++) {
      const starts = Array.from({ length: 4 }, (_, i) =>
        rejection(
          nursery.start(missing, {
            name: `missing${i}`,
            stdio: "ignore",
            execArgv: i % 2 === 0 ? [] : ["--no-such-flag"],
          }),
        ),
      );
      await Promise.all(starts);
    }
    assert.equal(nursery.status, "open");
    assert.equal(await nursery.run(worker, "add", [1, 2]), 3);
  });
});

law.run();
