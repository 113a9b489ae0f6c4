// Section 8: starting. A start is a race of hello, death, deadline and abort; the first settles it, and nothing is left.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ActorSource, Nursery, OutputLine, ProcessOptions } from "../../context/surface.js";
import { ArtifactRefused, GuestTrapped } from "../../errors/guest.js";
import { Cancelled, InvalidMessage, InvalidOption, StartFailed, Unsupported } from "../../errors/kinds.js";
import { isRemote } from "../../errors/remote.js";
import { openNursery, withNursery } from "../../nursery/open.js";
import { thisProcess } from "../../nursery/runtime.js";
import { actor, component, source } from "../../nursery/source.js";
import { PROTOCOL_VERSION } from "../../protocol/version.js";
import { rejection, until } from "../gate.js";
import { section, type LawEnv } from "../law.js";
import { assertGone } from "../left.js";
import { Notes } from "../notes.js";
import { trappingComponent } from "../plain-component.js";
import { answerOf, runProgram } from "../run-program.js";
import { BROOD_ACTOR, writtenActor } from "../scratch.js";
import { soon } from "../soon.js";

const scopes = actor<typeof import("../actors/scopes.js")>(new URL("../actors/scopes.js", import.meta.url));
const worker = actor<typeof import("../actors/worker.js")>(new URL("../actors/worker.js", import.meta.url));
const unready = actor<typeof import("../actors/unready.js")>(new URL("../actors/unready.js", import.meta.url));
const slow = actor<typeof import("../actors/slow-start.js")>(new URL("../actors/slow-start.js", import.meta.url));
const talker = actor<typeof import("../actors/talker.js")>(new URL("../actors/talker.js", import.meta.url));
const OWN_CHANNEL = new URL("../own-channel.js", import.meta.url).href;

export const starting = section(8);
const { law, later } = starting;

/** So long that a start which waits for it instead of failing at once also fails its law. */
const NEVER = 600_000;

const impostor = ["--import", new URL("../programs/impostor.js", import.meta.url).href];
const fileIn = (env: LawEnv, name: string): string => join(env.directory, name.replaceAll(/\W/g, "-"));
/** Starts what must fail; its process is gone when it does, and the nursery is none the worse. */
async function failure(
  nursery: Nursery,
  env: LawEnv,
  what: ActorSource<any>,
  name: string,
  more: ProcessOptions,
): Promise<StartFailed> {
  const error = await soon(
    `the start of ${name} rejects`,
    rejection(nursery.start(what, env.options(name, { startTimeout: NEVER, stdio: "ignore", ...more }))),
  );
  assert.ok(error instanceof StartFailed, `${name}: ${String(error)}`);
  assert.equal(error.path, `/${name}`);
  assert.equal(error.actor.name, name);
  assert.ok(error.message.startsWith(`start failed: ${name} (/${name}): `), error.message);
  for (const line of error.stderr) assert.ok(error.message.includes(`\n  ${line}`), error.message);
  if (error.phase !== "spawn") assertGone(env, error.actor);
  return error;
}

/** The next start works. */
async function works(nursery: Nursery, env: LawEnv): Promise<void> {
  const portal = await nursery.start(worker, env.options("next"));
  assert.equal(await portal.call("add", 1, 2), 3);
  await portal.close();
}

/** What keeps a guest from ever being ready. */
async function deathsOfGuests(env: LawEnv): Promise<void> {
  const cases: Record<string, readonly [ActorSource<any>, StartFailed["phase"], (cause: unknown) => boolean, RegExp]> =
    {
      "missing file": [
        actor(pathToFileURL(join(env.directory, "not-there.mjs"))),
        "load",
        (cause) => cause instanceof ArtifactRefused && cause.reason === "missing",
        /there is no .*not-there\.wasm/,
      ],
      "failed instantiation": [
        component(trappingComponent(), { compile: "in-process" }),
        "load",
        (cause) => cause instanceof GuestTrapped,
        /it could not be instantiated/,
      ],
      "throws in setup": [
        unready,
        "setup",
        (cause) => isRemote(cause, "RangeError"),
        /its setup failed: RangeError: thrown in setup/,
      ],
      throws: [
        source('throw new RangeError("no luck")'),
        "load",
        (cause) => isRemote(cause, "RangeError"),
        /its module failed to load: RangeError: no luck/,
      ],
    };
  await withNursery(async (nursery) => {
    for (const [name, [what, phase, isCause, says]] of Object.entries(cases)) {
      const error = await failure(nursery, env, what, name, {});
      assert.equal(error.phase, phase, error.message);
      assert.match(error.message, says);
      assert.ok(isCause(error.cause), `${name}: ${String(error.cause)}`);
      assert.match(error.stack ?? "", /laws\/starting\.js:\d+/);
    }
    await works(nursery, env);
  });
}

law(
  "Death before hello (missing file, import error, bad flag, early exit, failed instantiation) rejects at once with cause, status, stderr",
  async (env) => {
    if (!env.has("node")) return deathsOfGuests(env);
    interface Expected {
      readonly code?: string;
      readonly actor?: ActorSource<any>;
      readonly options?: ProcessOptions;
      readonly phase: StartFailed["phase"];
      readonly exit?: object;
      /** Name of the remote cause, and what its text says. */
      readonly cause?: readonly [name: string, text: RegExp];
      readonly says: RegExp;
      readonly stderr?: RegExp;
    }
    const definition = `import { defineActor } from ${BROOD_ACTOR}; export default defineActor({ one: () => 1 }`;
    const left = { kind: "exited", code: 1 };
    const cases: Record<string, Expected> = {
      "missing file": {
        actor: actor(pathToFileURL(join(env.directory, "not-there.mjs"))),
        phase: "load",
        exit: left,
        cause: ["Error", /Cannot find module .*not-there\.mjs/],
        says: /not-there\.mjs/,
      },
      "missing import": {
        code: 'import "no-such-package";',
        phase: "load",
        exit: left,
        cause: ["Error", /no-such-package/],
        says: /no-such-package/,
      },
      "missing export": {
        code: 'import { nope } from "node:fs"; nope();',
        phase: "load",
        exit: left,
        cause: ["SyntaxError", /nope/],
        says: /does not provide an export named 'nope'/,
        stderr: /missing-export\.mjs:1$/m,
      },
      "syntax error": {
        code: "const a = 1;\nexport default { a: 1,, };",
        phase: "load",
        exit: left,
        cause: ["SyntaxError", /Unexpected token/],
        says: /SyntaxError: Unexpected token ','/,
        stderr: /syntax-error\.mjs:2$/m,
      },
      throws: {
        code: 'console.error("so far so good"); throw Object.assign(new RangeError("no luck"), { code: "E_LUCK" });',
        phase: "load",
        exit: left,
        cause: ["RangeError", /^no luck$/],
        says: /its module failed to load: RangeError: no luck\./,
        stderr: /^so far so good$/m,
      },
      rejects: {
        code: `setImmediate(() => { void Promise.reject(new RangeError("nobody awaits")); }); await new Promise((go) => setTimeout(go, ${NEVER})); ${definition});`,
        phase: "load",
        exit: left,
        cause: ["RangeError", /nobody awaits/],
        says: /nobody awaits/,
        stderr: /nobody awaits/,
      },
      "no definition": {
        code: "export const one = 1; export function two() {}",
        phase: "load",
        exit: left,
        cause: ["TypeError", /exports one, two\. Write: export default defineActor/],
        says: /there is no default export: file:.* exports one, two\./,
      },
      "other default": {
        code: "export default { one: () => 1 };",
        phase: "load",
        exit: left,
        cause: ["TypeError", /not made by defineActor/],
        says: /exports default\./,
      },
      "setup throws": {
        code: `${definition}, { setup() { throw new RangeError("no database"); } });`,
        phase: "setup",
        exit: left,
        cause: ["RangeError", /^no database$/],
        says: /its setup failed: RangeError: no database\./,
      },
      "setup rejects": {
        code: `${definition}, { async setup(task) { task.defer(() => console.error("cleaned up")); await null; throw "text"; } });`,
        phase: "setup",
        exit: left,
        cause: ["NonError", /^text$/],
        says: /its setup failed: NonError: text\./,
        stderr: /^cleaned up$/m,
      },
      leaves: {
        code: 'console.error("bye"); process.exit(7);',
        phase: "load",
        exit: { kind: "exited", code: 7 },
        says: /its process exited with code 7 while its module was loading\.\nThe last lines of its stderr:\n  bye$/,
        stderr: /^bye$/,
      },
      "leaves well": {
        code: "process.exit(0);",
        phase: "load",
        exit: { kind: "exited", code: 0 },
        says: /exited with code 0 while its module was loading/,
      },
      "is killed": {
        code: 'process.kill(process.pid, "SIGKILL"); await new Promise((go) => setTimeout(go, 60_000));',
        phase: "load",
        exit: { kind: "signalled", signal: "SIGKILL" },
        says: /ended by SIGKILL while its module was loading/,
      },
      "bad flag": {
        options: { execArgv: ["--no-such-flag"] },
        phase: "hello",
        exit: { kind: "exited", code: 9 },
        says: /exited with code 9 before it said hello: Node refused a flag/,
        stderr: /bad option: --no-such-flag/,
      },
      "leaves before hello": {
        options: { execArgv: impostor, env: { IMPOSTOR: "nothing; exit" } },
        phase: "hello",
        exit: { kind: "exited", code: 3 },
        says: /exited with code 3 before it said hello/,
        stderr: /^the impostor leaves$/,
      },
      "no such import": {
        options: { execArgv: ["--import", "./no-such-import.mjs"] },
        phase: "hello",
        exit: left,
        says: /before it said hello/,
        stderr: /no-such-import\.mjs/,
      },
      // A fork is given its environment and not started with it.
      ...(env.method !== "exec"
        ? {}
        : {
            "too large": {
              options: { env: { LARGE: "x".repeat(4_000_000) } },
              phase: "spawn",
              says: /its process could not be started: spawn E2BIG/,
            },
          }),
    };
    await withNursery(async (nursery) => {
      for (const [name, expected] of Object.entries(cases)) {
        if (expected.options?.execArgv !== undefined && !env.has("flags")) continue;
        const what =
          expected.actor ??
          (expected.code === undefined
            ? worker
            : writtenActor(env.directory, name.replaceAll(" ", "-"), expected.code));
        const error = await failure(nursery, env, what, name, expected.options ?? {});
        assert.equal(error.phase, expected.phase, error.message);
        assert.deepEqual(error.exit, expected.exit, error.message);
        assert.match(error.message, expected.says);
        if (expected.stderr !== undefined) assert.match(error.stderr.join("\n"), expected.stderr);
        if (expected.cause !== undefined) {
          const [remote, text] = expected.cause;
          assert.ok(isRemote(error.cause, remote), `${name}: ${String(error.cause)}`);
          assert.match(error.cause.remote.message, text);
          assert.equal(error.cause.actor.pid, error.actor.pid);
        }
        // The caller's own line: a program starts many.
        assert.match(error.stack ?? "", /laws\/starting\.js:\d+/);
      }
      await works(nursery, env);
    });
  },
);

law("An actor that never says hello, or says it and stalls, is killed and rejects at startTimeout", async (env) => {
  const startTimeout = 1_500;
  const stalls: Record<string, readonly [ActorSource<any>, ProcessOptions, StartFailed["phase"], RegExp]> = {
    "before hello": [
      worker,
      { execArgv: impostor, env: { IMPOSTOR: "nothing; wait", IMPOSTOR_FILE: fileIn(env, "before hello") } },
      "hello",
      /it never said hello/,
    ],
    "half a hello": [
      worker,
      { execArgv: impostor, env: { IMPOSTOR: "half a frame; wait", IMPOSTOR_FILE: fileIn(env, "half a hello") } },
      "hello",
      /it never said hello/,
    ],
    load: [slow, { env: { SLOW_FILE: fileIn(env, "load") } }, "load", /its module or its setup had not finished/],
  };
  await withNursery(async (nursery) => {
    const late = async (
      name: string,
      [what, more, phase, says]: (typeof stalls)[string],
    ): Promise<{ readonly error: StartFailed; readonly took: number }> => {
      const from = performance.now();
      const error = await failure(nursery, env, what, name, { ...more, startTimeout });
      const took = performance.now() - from;
      assert.ok(took >= startTimeout - 2 && took < startTimeout + 1_000, `${name}: ${took} ms`);
      assert.equal(error.phase, phase);
      assert.deepEqual(error.exit, { kind: "killed", by: thisProcess().id });
      assert.match(error.message, /it was not ready within 1500 ms: /);
      assert.match(error.message, says);
      return { error, took };
    };
    const inSetup = async (): Promise<void> => {
      const notes = new Notes();
      const stall = [unready, { stdio: notes.hear }, "load", /its module or its setup had not finished/] as const;
      await late("hangs in setup", stall);
      assert.deepEqual(notes.words, ["in setup"]);
    };
    const inNode = async ([name, stall]: [string, (typeof stalls)[string]]): Promise<void> => {
      const { error } = await late(name, stall);
      // It did come that far, and is gone.
      const stalled = Number(readFileSync(fileIn(env, name), "utf8"));
      assert.equal(stalled, error.actor.pid);
      if (name === "load") assert.deepEqual(error.stderr, ["stopped in load"]);
    };
    const possible = Object.entries(stalls).filter(([, [, more]]) => more.execArgv === undefined || env.has("flags"));
    await Promise.all([inSetup(), ...(env.has("node") ? possible.map(inNode) : [])]);
    await works(nursery, env);
  });
});

law("Aborting a start in any phase leaves no process, socket, instance or registry entry", async (env) => {
  const reason = new Error("not any more");
  interface Phase {
    readonly what?: ActorSource<any>;
    readonly options?: (file: string) => ProcessOptions;
    readonly reached?: (file: string, notes: Notes) => Promise<unknown>;
  }
  /** Each brings a start into a phase and resolves there. */
  const phases: Record<string, Phase> = {
    "in the same turn": {},
    "in a microtask": { reached: () => Promise.resolve() },
    "in the next turn": { reached: () => new Promise((go) => setImmediate(go)) },
    "at 0 ms": { reached: () => new Promise((go) => setTimeout(go, 0)) },
    "in setup": { reached: (_file, notes) => notes.come() },
    ...(env.has("flags")
      ? {
          "before hello": {
            what: worker,
            options: (file) => ({ execArgv: impostor, env: { IMPOSTOR: "nothing; wait", IMPOSTOR_FILE: file } }),
            reached: (file) => until("before hello", () => existsSync(file)),
          },
        }
      : {}),
    ...(env.has("node")
      ? {
          "while loading": {
            what: slow,
            options: (file) => ({ env: { SLOW_FILE: file } }),
            reached: (file) => until("while loading", () => existsSync(file)),
          },
        }
      : {}),
  };
  const means: Record<
    string,
    {
      readonly scope: string;
      readonly via: string;
      readonly reason: unknown;
      abort(nursery: Nursery, controller: AbortController): unknown;
    }
  > = {
    signal: { scope: "actor", via: "signal", reason, abort: (_nursery, controller) => controller.abort(reason) },
    cancel: { scope: "nursery", via: "cancel", reason, abort: (nursery) => nursery.cancel(reason) },
    close: { scope: "nursery", via: "scope", reason: undefined, abort: (nursery) => nursery.close() },
  };
  for (const [phase, { what = unready, options, reached }] of Object.entries(phases)) {
    for (const [by, expected] of Object.entries(means)) {
      // However fast it is, it never becomes ready.
      const name = `hangs in setup; aborted ${phase} by ${by}`;
      const file = fileIn(env, name);
      const notes = new Notes();
      const controller = new AbortController();
      const nursery = await openNursery();
      env.defer(() => nursery.close());
      const caught = rejection(
        nursery.start(
          what,
          env.options(name, {
            startTimeout: NEVER,
            stdio: notes.hear,
            signal: controller.signal,
            ...options?.(file),
          }),
        ),
      );
      await reached?.(file, notes);
      const aborted = expected.abort(nursery, controller);
      const error = await soon(`the start of ${name} rejects`, caught);
      assert.ok(error instanceof Cancelled, `${name}: ${String(error)}`);
      assert.deepEqual(
        { scope: error.scope, via: error.via, reason: error.reason, canceller: error.canceller },
        { scope: expected.scope, via: expected.via, reason: expected.reason, canceller: thisProcess().id },
      );
      assertGone(env, error.actor);
      await aborted;
      if (by === "signal") {
        // It was one start that was aborted, not its nursery.
        assert.equal(nursery.status, "open");
        if (phase === "in setup") await works(nursery, env);
      }
      assert.deepEqual(nursery.children, []);
      await nursery.close();
    }
  }
  await withNursery(async (nursery) => {
    const before = await rejection(nursery.start(worker, env.options("before", { signal: AbortSignal.abort(reason) })));
    assert.ok(before instanceof Cancelled && before.reason === reason, String(before));
    assert.equal(before.actor?.pid, undefined);
    // Once the actor is ready its start is over.
    const controller = new AbortController();
    const portal = await nursery.start(worker, env.options("after", { signal: controller.signal }));
    controller.abort(reason);
    assert.equal(await portal.call("add", 1, 2), 3);
  });
});

law(
  "A wrong token, unknown version or garbage before Ready is StartFailed and ends the process",
  async (env) => {
    const rubbish: Record<string, RegExp> = {
      text: /a frame of \d+ bytes is over the maximum/,
      zeros: /unknown type 0/,
      "a huge frame": /over the maximum/,
      "an unknown type": /unknown type 200/,
      "a wrong token": /its token is wrong/,
      "no token": /its token is wrong/,
      "an unknown version": new RegExp(
        `it speaks version ${PROTOCOL_VERSION + 41} of the protocol, this host speaks ${PROTOCOL_VERSION}`,
      ),
      "version 0": /it speaks version 0/,
      "a Hello of another shape": /Hello/,
      "half a frame": /./,
      "half a frame; exit": /the stream ended within a frame/,
      "two Hellos": /a second Hello/,
      "Ready before Hello": /a frame of type \d+ before Hello/,
      "Log before Hello": /a frame of type \d+ before Hello/,
      "Error before Hello": /a frame of type \d+ before Hello/,
      "an acknowledgement before Hello": /a frame of type \d+ before Hello/,
      "a frame of a context before Hello": /a frame of type \d+ before Hello/,
    };
    await withNursery(async (nursery) => {
      const check = (error: StartFailed, says: RegExp): void => {
        assert.ok(error.cause instanceof InvalidMessage, error.message);
        const { at, why } = error.cause;
        const text = at === undefined ? why : `${at}: ${why}`;
        assert.match(text, says);
        assert.deepEqual(error.exit, { kind: "failed", error: error.cause });
        assert.ok(error.message.includes(`it broke the protocol: ${text}`), error.message);
      };
      for (const [what, says] of Object.entries(rubbish)) {
        // Those that stay would keep the start for ever, if the host did not end them.
        const then = what.includes(";") || what === "half a frame" || what === "two Hellos" ? what : `${what}; wait`;
        const error = await failure(nursery, env, worker, what, { execArgv: impostor, env: { IMPOSTOR: then } });
        check(error, says);
        assert.equal(error.phase, what === "two Hellos" ? "load" : "hello");
      }
      const loading = writtenActor(
        env.directory,
        "writes",
        `import { writeSync } from "node:fs"; import { ownChannel } from ${JSON.stringify(OWN_CHANNEL)}; writeSync(ownChannel(), "what a module should not print\\n"); await new Promise((go) => setTimeout(go, 60_000));`,
      );
      const writes = await failure(nursery, env, loading, "writes while loading", {});
      check(writes, /./);
      assert.equal(writes.phase, "load");
      await works(nursery, env);
    });
  },
  { needs: ["process", "flags"] },
);

law(
  "The actor knows its parent, root, tree path, log level and the method that truly made it; a per-actor setting wins",
  async (env) => {
    const root = thisProcess();
    await withNursery(
      async (nursery) => {
        const portal = await nursery.start(worker, env.options("a", { startTimeout: 20_000 }));
        const known = await portal.call("info");
        assert.deepEqual(known.id, portal.id);
        assert.deepEqual([known.path, portal.path], ["/a", "/a"]);
        for (const one of [known.root, known.parent, known.caller]) assert.deepEqual(one, root.id);
        assert.deepEqual([known.spawnMethod, portal.spawnMethod], [env.method, env.method]);
        assert.equal(known.logLevel, root.logLevel);
        // The nursery's own setting holds where the actor has none.
        const late = await rejection(nursery.start(unready, env.options("hangs in setup", { stdio: "ignore" })));
        assert.ok(late instanceof StartFailed, String(late));
        assert.match(late.message, /not ready within 40 ms/);
      },
      { startTimeout: 40 },
    );
  },
);

law(
  "So does an actor that an actor has started; a log level is an actor's own, and that of those below it",
  async (env) => {
    const root = thisProcess();
    await withNursery(async (nursery) => {
      // A guest has no environment; its level is that of its parent.
      const level = env.has("process") ? "debug" : root.logLevel;
      const more = env.has("process") ? { env: { BROOD_LOGLEVEL: level } } : {};
      const portal = await nursery.start(scopes, env.options("a", { startTimeout: 20_000, ...more }));
      const { name: _name, ...options } = env.options("");
      const known = await portal.call("known", ["b", "c"], options);
      assert.deepEqual(known[0]?.id, portal.id);
      for (const [depth, one] of known.entries()) {
        assert.equal(one.path, ["", "a", "b", "c"].slice(0, depth + 2).join("/"));
        assert.equal(one.id.name, ["a", "b", "c"][depth]);
        assert.equal(one.id.pid, one.pid);
        assert.deepEqual(one.root, root.id);
        assert.deepEqual(one.parent, depth === 0 ? root.id : known[depth - 1]?.id);
        assert.deepEqual(one.caller, one.parent);
        assert.equal(one.spawnMethod, portal.spawnMethod);
        assert.equal(one.logLevel, level);
      }
    });
  },
  { needs: ["nested nurseries"] },
);

interface MainAnswer {
  readonly said?: string;
  readonly nested?: number;
  readonly sum?: number;
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly option?: string;
  readonly remote?: { readonly name: string; readonly code?: string; readonly message: string; readonly stack: string };
}

/** Runs the program that has an actor in its main module; what it says, and each evaluation of its top level. */
async function mainActor(
  env: LawEnv,
  name: string,
  config: { where: "main" | "elsewhere"; inActor?: string; inheritMain?: boolean },
): Promise<{ answer: MainAnswer; evaluations: string[] }> {
  const { inheritMain, ...rest } = config;
  const file = fileIn(env, name);
  const {
    name: _name,
    stdio: _stdio,
    ...options
  } = env.options("one", inheritMain === undefined ? {} : { inheritMain });
  const end = await runProgram("main-actor", [JSON.stringify({ inActor: "nothing", ...rest, file, options })]);
  return {
    answer: answerOf(end) as MainAnswer,
    evaluations: readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/ (true|undefined)$/, "")),
  };
}

law(
  "An actor defined in the main module works by default; elsewhere, or with false, main's top level has not run",
  async (env) => {
    // `import.meta.main` is undefined before Node 24, and false where main is loaded as an ordinary module.
    const asModule = /^actor( false)?$/;
    const inMain = await mainActor(env, "default", { where: "main" });
    if (!env.has("loading")) {
      // It has the main module already, and so cannot be without it.
      assert.deepEqual(inMain, { answer: { said: "hello from main, loaded", nested: 3 }, evaluations: ["main"] });
      const elsewhere = await mainActor(env, "elsewhere", { where: "elsewhere" });
      assert.deepEqual(elsewhere, { answer: { sum: 3 }, evaluations: ["main"] });
      const { answer } = await mainActor(env, "false", { where: "elsewhere", inheritMain: false });
      assert.equal(answer.option, "nursery.start: inheritMain", JSON.stringify(answer));
      return;
    }
    assert.deepEqual(inMain.answer, { said: "hello from main, loaded", nested: 3 });
    assert.equal(inMain.evaluations[0], "main");
    assert.equal(inMain.evaluations.length, 2);
    assert.match(inMain.evaluations[1] as string, asModule);

    const elsewhere = await mainActor(env, "elsewhere", { where: "elsewhere" });
    assert.deepEqual(elsewhere, { answer: { sum: 3 }, evaluations: ["main"] });
    const never = await mainActor(env, "false", { where: "elsewhere", inheritMain: false });
    assert.deepEqual(never, { answer: { sum: 3 }, evaluations: ["main"] });
    const always = await mainActor(env, "true", { where: "elsewhere", inheritMain: true });
    assert.deepEqual(always.answer, { sum: 3 });
    assert.equal(always.evaluations.length, 2);
    assert.match(always.evaluations[1] as string, asModule);
  },
  { needs: ["node"] },
);

law(
  "False with an actor defined in main is refused, naming the option",
  async (env) => {
    const { answer, evaluations } = await mainActor(env, "refused", { where: "main", inheritMain: false });
    assert.equal(answer.name, "InvalidOption");
    assert.equal(answer.code, "ERR_BROOD_INVALID_OPTION");
    assert.equal(answer.option, "nursery.start: inheritMain");
    assert.match(answer.message ?? "", /inheritMain: got false\. Accepted: .*main module/);
    assert.deepEqual(evaluations, ["main"]);
  },
  { needs: ["node"] },
);

law(
  "A main that throws while loaded fails the start with that stack; one that opens a nursery then is refused, naming guard and opt-out",
  async (env) => {
    for (const where of ["main", "elsewhere"] as const) {
      const thrown = await mainActor(env, `throws ${where}`, { where, inActor: "throw", inheritMain: true });
      assert.equal(thrown.answer.name, "StartFailed");
      assert.equal(thrown.answer.remote?.name, "RangeError");
      assert.match(thrown.answer.message ?? "", /main cannot be loaded here/);
      assert.match(
        thrown.answer.remote?.stack ?? "",
        /RangeError: main cannot be loaded here\n +at .*main-actor\.js:\d+/,
      );
      for (const inActor of ["nursery", "floating nursery"]) {
        const opened = await mainActor(env, `${inActor} ${where}`, { where, inActor, inheritMain: true });
        assert.equal(opened.answer.name, "StartFailed", JSON.stringify(opened.answer));
        assert.equal(opened.answer.remote?.code, "ERR_BROOD_UNSUPPORTED");
        assert.match(opened.answer.message ?? "", /process\.argv\[1\] === fileURLToPath\(import\.meta\.url\)/);
        assert.match(opened.answer.message ?? "", /inheritMain: false/);
        assert.match(opened.answer.remote?.stack ?? "", /main-actor\.js:\d+/);
        assert.equal(opened.evaluations.length, 2);
      }
    }
    // Later than any start can wait for, as in an unguarded `main();` that reads a file first. It would start itself for ever.
    const late = await mainActor(env, "late", { where: "main", inActor: "late nursery" });
    assert.equal(late.answer.name, "ActorDied", JSON.stringify(late.answer));
    assert.equal(late.answer.remote?.code, "ERR_BROOD_UNSUPPORTED");
    assert.match(late.answer.message ?? "", /process\.argv\[1\] === fileURLToPath\(import\.meta\.url\)/);
    assert.equal(late.evaluations.length, 2);
  },
  { needs: ["node", "loading"] },
);

law(
  "The actor gets neither the parent's inspector port, IPC channel, coverage nor profile path",
  async (env) => {
    const coverage = join(env.directory, "coverage");
    const profiles = join(env.directory, "profiles");
    for (const directory of [coverage, profiles]) mkdirSync(directory);
    const { name: _name, stdio: _stdio, ...options } = env.options("one");
    const end = await runProgram("debugged", [JSON.stringify(options)], {
      flags: ["--inspect=127.0.0.1:0", "--cpu-prof", `--cpu-prof-dir=${profiles}`],
      env: { NODE_V8_COVERAGE: coverage, NODE_OPTIONS: "--no-warnings" },
      ipc: true,
    });
    assert.deepEqual(answerOf(end), {
      host: { inspector: true, ipc: true },
      actor: { inspector: null, ipc: false, env: [], execArgv: [], coverage: null },
    });
    assert.equal(readdirSync(coverage).length, 1, "coverage of the host alone");
    assert.equal(readdirSync(profiles).length, 1, "a profile of the host alone");
  },
  { needs: ["node", "flags"] },
);

const LATER = "after part 5";
later("wasm_fork clones start with the warmed state; writes of one are seen by no other", LATER);
later("wasm_forkserver: what the sandbox forbids fails typed; a crash of the process spares the host", LATER);

law(
  "Output is relayed by line with the actor's name; 1 MiB without newline, or a deaf reader, blocks nobody",
  async (env) => {
    const MIB = 1024 * 1024;
    await withNursery(async (nursery) => {
      const lines: OutputLine[] = [];
      const portal = await nursery.start(talker, env.options("talker", { stdio: (line) => void lines.push(line) }));
      const texts = (stream: string): string[] =>
        lines.filter((line) => line.stream === stream).map(({ text }) => text);
      await portal.call("say", "first\nsecond");
      await portal.call("complain", "a complaint");
      await portal.call("raw", "windows\r\n\nümlaut \u{1F423}\n");
      await until("its lines", () => texts("stdout").length === 5 && texts("stderr").length === 1);
      assert.deepEqual(texts("stdout"), ["first", "second", "windows", "", "ümlaut \u{1F423}"]);
      assert.deepEqual(texts("stderr"), ["a complaint"]);
      for (const { actor: who } of lines) assert.equal(who.uuid, portal.id.uuid);

      lines.length = 0;
      assert.equal(await soon("1 MiB without a newline", portal.call("pour", MIB)), MIB);
      assert.equal(await portal.call("add", 1, 2), 3);
      // Passed on as it comes: nobody keeps a line that does not end.
      await until("its pieces", () => texts("stdout").join("").length === MIB);
      await portal.call("end");
      for (const piece of texts("stdout")) assert.ok(piece.length <= 16 * 1024 && /^x*$/.test(piece));

      const quiet = await nursery.start(talker, env.options("quiet", { stdio: "ignore" }));
      assert.equal(await soon("output that is ignored", quiet.call("pour", MIB)), MIB);
    });

    const { name: _name, ...options } = env.options("one");
    const forwarded = await runProgram("forwarder", [JSON.stringify(options)]);
    assert.equal(forwarded.code, 0, forwarded.stderr.join("\n"));
    assert.deepEqual(forwarded.stdout, ["[one] from one", "[one] and more", "[one] no newline at the end"]);
    assert.deepEqual(forwarded.stderr, ["[two] from two"]);

    const deaf = await runProgram("deaf-stdout", [JSON.stringify(options)], { deaf: true });
    assert.equal(deaf.late, false, "a host whose stdout nobody reads did not end");
    assert.equal(deaf.code, 0, deaf.stderr.join("\n"));
    const { poured, sum } = JSON.parse(deaf.stderr.at(-1) ?? "{}") as { poured: number; sum: number };
    assert.ok(poured > 4 * MIB);
    assert.equal(sum, 3);
  },
  { needs: ["process"] },
);

law(
  "An unsupported method is refused naming reason and usable methods, or replaced visibly, never quietly",
  async (env) => {
    await withNursery(async (nursery) => {
      const refused = async (spawn: unknown): Promise<unknown> =>
        rejection(nursery.start(worker, { ...env.options("one"), spawn } as never));
      const portal = await nursery.start(worker, env.options("asked"));
      assert.equal(portal.spawnMethod, env.method);
      assert.equal(portal.spawnReason, "asked for");
      const byDefault = await nursery.start(worker, { name: "default" });
      assert.equal(byDefault.spawnReason, "the default");
      // Every method of the design that this version does not have.
      for (const method of ["wasm_fork", "wasm_forkserver"]) {
        const error = await refused(method);
        assert.ok(error instanceof Unsupported, `${method}: ${String(error)}`);
        assert.equal(error.feature, `spawn method ${method}`);
        assert.match(error.message, /this version does not have it yet; it has .*\bexec\b/);
      }
      for (const nonsense of ["Exec", "", "fork", 5, null, ["exec"], "constructor"]) {
        const error = await refused(nonsense);
        assert.ok(error instanceof InvalidOption, String(error));
        assert.equal(error.option, "nursery.start: spawn");
        assert.match(error.accepted, /"exec"/);
      }
      assert.equal(nursery.children.length, 2);
    });
  },
);
