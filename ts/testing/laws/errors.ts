// Section 7: errors across hops.
import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Exit } from "../../errors/exit.js";
import { ERROR_CODES } from "../../errors/codes.js";
import { ActorDied, MemoryLimitExceeded } from "../../errors/kinds.js";
import { isRemote, RemoteActorError } from "../../errors/remote.js";
import { platformName } from "../../native/platform.js";
import { openNursery, withNursery } from "../../nursery/open.js";
import { actor } from "../../nursery/source.js";
import { rejection } from "../gate.js";
import { section, type LawEnv } from "../law.js";
import { lineHere, lineOf } from "../line.js";
import { answerOf, runProgram } from "../run-program.js";

const THROWER = new URL("../actors/thrower.js", import.meta.url);
const thrower = actor<typeof import("../actors/thrower.js")>(THROWER);
const tree = actor<typeof import("../actors/thrower-tree.js")>(new URL("../actors/thrower-tree.js", import.meta.url));
const leaver = actor<typeof import("../actors/leaver.js")>(new URL("../actors/leaver.js", import.meta.url));

export const errors = section(7);
const { law } = errors;

/** What of an error must be the same however far it came. */
function shape(error: unknown): object {
  assert.ok(error instanceof RemoteActorError, String(error));
  const { name, message, code, fields } = error.remote;
  return {
    name,
    message,
    ...(code === undefined ? {} : { code }),
    ...(Object.keys(fields).length === 0 ? {} : { fields }),
    ...("cause" in error ? { cause: shape(error.cause) } : {}),
    ...(error.errors === undefined ? {} : { errors: error.errors.map(shape) }),
  };
}

/** The error as it comes through no, one and two actors between; where actors have none of their own, as it comes from the first. */
async function throughHops(env: LawEnv, what: string): Promise<RemoteActorError[]> {
  const { name: _name, ...options } = env.options("below");
  return withNursery(async (nursery) => {
    const caught: unknown[] = [];
    if (env.has("nested nurseries")) {
      const portal = await nursery.start(tree, env.options("first"));
      const below = [["second"], ["second", "third"]];
      caught.push(
        ...(await Promise.all([
          rejection(portal.call("throws", what)),
          ...below.map((names) => rejection(portal.call("below", names, what, options))),
        ])),
      );
    } else {
      caught.push(await rejection((await nursery.start(thrower, env.options("first"))).call("throws", what)));
    }
    return caught.map((error) => {
      assert.ok(error instanceof RemoteActorError, String(error));
      return error;
    });
  });
}

law(
  "A built-in and an own class each arrive as RemoteActorError with remote name, message, code, stack and source",
  async (env) => {
    await withNursery(async (nursery) => {
      const portal = await nursery.start(thrower, env.options("thrower"));
      for (const form of ["throws", "rejects"] as const) {
        const builtIn = await rejection(portal.call(form, "builtIn"));
        assert.ok(isRemote(builtIn, "RangeError"), String(builtIn));
        assert.equal(builtIn.code, "ERR_BROOD_REMOTE");
        assert.equal(builtIn.remote.message, "out of range");
        assert.equal(builtIn.remote.code, "E_RANGE");
        assert.deepEqual(builtIn.remote.fields, { limit: 10 });
        assert.match(builtIn.remote.stack, /^RangeError: out of range\n +at .*thrower\.js:\d+/);
        assert.deepEqual(builtIn.actor, portal.id);
        assert.deepEqual(builtIn.path, [portal.id]);
        assert.equal(builtIn.message, `call ${form} failed: thrower (/thrower): RangeError: out of range`);
        assert.equal("cause" in builtIn, false);
        assert.equal(builtIn.errors, undefined);

        const own = await rejection(portal.call(form, "ownClass"));
        assert.ok(isRemote(own, "AccountError"), String(own));
        assert.equal(own.remote.message, "overdrawn");
        assert.equal(own.remote.code, "E_ACCOUNT");
        assert.deepEqual(own.remote.fields, { balance: -5 });
        assert.match(own.remote.stack, /overdrawn\n +at .*thrower\.js:\d+/);
        assert.deepEqual(own.actor, portal.id);
      }
    });
  },
);

const CAUSES = {
  name: "AccountError",
  message: "top",
  code: "E_ACCOUNT",
  fields: { balance: 1, request: { id: 7, tags: new Set(["a"]) } },
  cause: {
    name: "TypeError",
    message: "first",
    fields: { one: 1 },
    cause: {
      name: "RangeError",
      message: "second",
      code: 42,
      fields: { two: [2] },
      cause: {
        name: "AccountError",
        message: "third",
        code: "E_ACCOUNT",
        fields: { balance: 3, deep: { list: [1, 2n, new Date(0)] } },
      },
    },
  },
};

/** That they are all there. */
function assertCauses(error: RemoteActorError): void {
  assert.deepEqual(shape(error), CAUSES);
  for (let at: unknown = error; at !== undefined; at = (at as Error).cause)
    assert.match((at as RemoteActorError).remote.stack, /thrower\.js:\d+/);
}

law("code, own fields and cause three deep survive one hop", async (env) => {
  const [error] = await throughHops(env, "causes");
  assertCauses(error as RemoteActorError);
});

law(
  "code, own fields and cause three deep survive one hop and two",
  async (env) => {
    const caught = await throughHops(env, "causes");
    assert.equal(caught.length, 3);
    for (const error of caught) assertCauses(error);
  },
  { needs: ["nested nurseries"] },
);

law("An AggregateError arrives with all members as errors, in order, at any depth", async (env) => {
  const expected = {
    name: "AggregateError",
    message: "all failed",
    code: "E_MANY",
    errors: [
      { name: "RangeError", message: "a" },
      {
        name: "AggregateError",
        message: "b",
        errors: [
          { name: "AccountError", message: "b.a", code: "E_ACCOUNT", fields: { balance: 1 } },
          {
            name: "AggregateError",
            message: "b.b",
            errors: [
              { name: "TypeError", message: "b.b.a" },
              { name: "NonError", message: "b.b.b", fields: { value: "b.b.b" } },
            ],
          },
        ],
      },
      {
        name: "AccountError",
        message: "c",
        code: "E_ACCOUNT",
        fields: { balance: 3 },
        cause: { name: "Error", message: "of c" },
      },
    ],
  };
  for (const error of await throughHops(env, "aggregate")) assert.deepEqual(shape(error), expected);
});

law(
  "A grandchild's failure reaches the root with the grandchild as source and each actor passed, in order",
  async (env) => {
    const caught = await throughHops(env, "builtIn");
    for (const [between, error] of caught.entries()) {
      const names = ["first", "second", "third"].slice(0, between + 1);
      assert.deepEqual(
        error.path.map((id) => id.name),
        names,
      );
      assert.deepEqual(error.actor, error.path.at(-1));
      assert.equal(new Set(error.path.map((id) => id.uuid)).size, names.length);
      const endpoint = between === 0 ? "throws" : "below";
      assert.equal(
        error.message,
        `call ${endpoint} failed: ${names.at(-1)} (/${names.join("/")}): RangeError: out of range`,
      );
    }
  },
  { needs: ["nested nurseries"] },
);

law("The stack holds the remote throw line and the local call line", async (env) => {
  await withNursery(async (nursery) => {
    const portal = await nursery.start(thrower, env.options("thrower"));
    const { name: _name, ...options } = env.options("below");
    const at = lineHere().replace(/:\d+$/, ":");
    const calls: [string, string, Promise<unknown>][] = [
      ["call", lineHere(), rejection(portal.call("throws", "line"))],
      ["call with a deadline", lineHere(), rejection(portal.with({ deadline: 20_000 }).call("throws", "line"))],
      ["run", lineHere(), rejection(nursery.run(thrower, "throws", ["line"], options))],
    ];
    if (env.has("nested nurseries")) {
      const through = await nursery.start(tree, env.options("first"));
      calls.push(
        ["call through an actor", lineHere(), rejection(through.call("below", ["second"], "line", options))],
        ["call through another actor", lineHere(), rejection(through.call("belowOther", "line", options))],
      );
    }
    const thrown = lineOf(THROWER, 'new Error("with its line")');
    for (const [what, line, caught] of calls) {
      assert.ok(line.startsWith(at), line);
      const error = await caught;
      assert.ok(error instanceof RemoteActorError, String(error));
      const stack = error.stack ?? "";
      assert.ok(stack.includes(`${line}:`), `${what}: no local line ${line} in\n${stack}`);
      assert.ok(stack.includes(`${thrown}:`), `${what}: no remote line ${thrown} in\n${stack}`);
      assert.ok(stack.indexOf(`${line}:`) < stack.indexOf(`${thrown}:`), stack);
      assert.ok(stack.startsWith(`RemoteActorError: ${error.message}\n    at `), stack);
      // Nobody wants to read how brood did it.
      const first = stack.split("\n").find((frame) => frame.startsWith("    at "));
      assert.ok(first?.includes(`${line}:`), `${what}: the first frame is not the caller's:\n${stack}`);
    }
  });
});

law("Of a thousand calls in flight, each that fails still tells the line that awaits it", async (env) => {
  await withNursery(async (nursery) => {
    const portal = await nursery.start(thrower, env.options("thrower"));
    const flood = Array.from({ length: 1_000 }, () => portal.call("add", 1, 2));
    const at = lineHere().replace(/:\d+$/, "");
    try {
      await portal.call("throws", "line");
      assert.fail("it was to throw");
    } catch (error) {
      assert.ok(error instanceof RemoteActorError, String(error));
      const first = error.stack?.split("\n").find((frame) => frame.startsWith("    at "));
      assert.ok(first?.includes(at), String(error.stack));
      assert.match(error.stack ?? "", /thrown in thrower:/);
    }
    await Promise.all(flood);
  });
});

law(
  "Thrown non-errors (string, undefined, frozen object, revoked proxy, circular cause) arrive and break nothing",
  async (env) => {
    /** Each as it arrives; `value` is left out where it cannot be sent. */
    const expected: Record<string, { name: string; message: string; fields?: object }> = {
      string: { name: "NonError", message: "a string", fields: { value: "a string" } },
      emptyString: { name: "NonError", message: "", fields: { value: "" } },
      undefined: { name: "NonError", message: "undefined", fields: { value: undefined } },
      null: { name: "NonError", message: "null", fields: { value: null } },
      number: { name: "NonError", message: "0", fields: { value: -0 } },
      bigint: { name: "NonError", message: `${1n << 70n}n`, fields: { value: 1n << 70n } },
      symbol: { name: "NonError", message: "Symbol(thrown)" },
      function: { name: "NonError", message: "a function" },
      promise: { name: "NonError", message: "an object of class Promise" },
      instance: { name: "NonError", message: "an object of class Failure" },
      plain: {
        name: "NonError",
        message: "like an error",
        fields: { value: { message: "like an error", status: 404 } },
      },
      frozen: { name: "NonError", message: "an object", fields: { value: { a: 1 } } },
      frozenError: { name: "RangeError", message: "frozen" },
      revoked: { name: "NonError", message: "an object" },
    };
    await withNursery(async (nursery) => {
      const portal = await nursery.start(thrower, env.options("thrower"));
      for (const form of ["throws", "rejects"] as const) {
        for (const [what, arrives] of Object.entries(expected))
          assert.deepEqual(shape(await rejection(portal.call(form, what))), arrives, `${form} ${what}`);
        const circular = await rejection(portal.call(form, "circular"));
        assert.deepEqual(shape(circular), {
          name: "Error",
          message: "circular",
          cause: { name: "Error", message: "its cause" },
        });
        assert.equal(await portal.call("add", 1, 2), 3);
      }
    });
  },
);

law("The text of an error arrives as it was thrown, lone surrogates and control characters too", async (env) => {
  await withNursery(async (nursery) => {
    const portal = await nursery.start(thrower, env.options("thrower"));
    assert.deepEqual(shape(await rejection(portal.call("throws", "surrogates"))), {
      name: "Error",
      message: "lone \ud800, and \udfff\ud800 the wrong way round",
      fields: { text: "\udc00" },
    });
    assert.deepEqual(shape(await rejection(portal.call("throws", "controls"))), {
      name: "Error",
      message: "bell \u0007, null \u0000, and \u001b[31mred",
    });
  });
});

law("An error that cannot be rendered or encoded is replaced by a safe description of itself", async (env) => {
  await withNursery(async (nursery) => {
    const portal = await nursery.start(thrower, env.options("thrower", { limits: { memory: "1GiB" } }));
    const caught = async (what: string): Promise<RemoteActorError> => {
      const error = await rejection(portal.call("throws", what));
      assert.ok(error instanceof RemoteActorError, `${what}: ${String(error)}`);
      // Whatever it was, it can be shown.
      assert.equal(typeof error.stack, "string");
      return error;
    };
    assert.deepEqual(shape(await caught("hostile")), { name: "Error", message: "" });
    assert.equal((await caught("trapped")).actor.uuid, portal.id.uuid);
    const huge = await caught("huge");
    assert.match(huge.remote.message, /^x+\.\.\. \(83886080 in all\)$/);
    assert.ok(huge.remote.message.length <= 65_536);
    assert.deepEqual(shape(await caught("hugeField")), {
      name: "Error",
      message: "its field is huge",
      fields: { small: 1 },
    });
    const unsendable = shape(await caught("unsendable")) as { fields: Record<string, unknown> };
    assert.equal(unsendable.fields["good"], 1);
    assert.equal("call" in unsendable.fields || "socket" in unsendable.fields, false);
    const wide = await caught("wide");
    assert.equal((wide.errors?.[0] as RemoteActorError | undefined)?.remote.message, "member 0");
    assert.match(
      (wide.errors?.at(-1) as RemoteActorError | undefined)?.remote.message ?? "",
      /^\d+ more errors, left out$/,
    );
    const deep = await caught("deep");
    assert.equal(deep.remote.message, "level 4999");
    assert.equal((deep.cause as RemoteActorError).remote.message, "level 4998");
    const proto = await caught("proto");
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
    assert.equal(Object.getPrototypeOf(proto.remote.fields), Object.prototype);
    assert.equal(await portal.call("add", 1, 2), 3);
  });
});

const processes = async (env: LawEnv): Promise<void> => {
  const scope = await openNursery({ onDeath: "report" });
  env.defer(() => scope.close());
  const words = (from: number, to: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, i) => `word ${from + i}`);
  // A core dump, where this machine writes one, goes away with the directory.
  const start = (name: string, more = {}) =>
    scope.start(leaver, env.options(name, { cwd: env.directory, stdio: "ignore", ...more }));
  const died = async (pending: Promise<unknown>, exited: Promise<Exit>): Promise<ActorDied> => {
    const error = await rejection(pending);
    assert.ok(error instanceof ActorDied, String(error));
    assert.deepEqual(error.exit, await exited);
    for (const line of error.stderr) assert.ok(error.message.includes(`\n  ${line}`), error.message);
    return error;
  };
  const [exits, terminated, killed, aborts, exhausts, throws] = await Promise.all([
    start("exits"),
    start("terminated"),
    start("killed"),
    start("aborts"),
    start("exhausts", env.has("flags") ? { execArgv: ["--max-old-space-size=24"] } : {}),
    start("throws"),
  ]);

  const code = await died(exits.call("exit", 7), exits.exited);
  assert.deepEqual(code.exit, { kind: "exited", code: 7 });
  assert.deepEqual(code.stderr, words(11, 30));
  assert.match(
    code.message,
    /^actor died: exits \(\/exits\): its process exited with code 7\.\nThe last lines of its stderr:\n  word 11\n/,
  );

  const term = await died(terminated.call("signal", "SIGTERM"), terminated.exited);
  assert.deepEqual(term.exit, { kind: "signalled", signal: "SIGTERM" });
  assert.deepEqual(term.stderr, words(11, 30));
  const kill = await died(killed.call("signal", "SIGKILL"), killed.exited);
  assert.deepEqual(kill.exit, { kind: "signalled", signal: "SIGKILL" });

  const abort = await died(aborts.call("abort"), aborts.exited);
  assert.deepEqual(abort.exit, { kind: "signalled", signal: "SIGABRT" });
  assert.notEqual(abort.stderr.length, 0);

  if (env.has("flags")) {
    const memory = await died(exhausts.call("exhaust"), exhausts.exited);
    assert.ok(memory.exit.kind === "failed" && memory.exit.error instanceof MemoryLimitExceeded, memory.message);
    assert.equal(memory.cause, memory.exit.error);
    assert.match(memory.message, /heap/);
    assert.notEqual(memory.stderr.length, 0);
  }

  const uncaught = await died(throws.call("uncaught", "nobody catches this"), throws.exited);
  assert.ok(uncaught.exit.kind === "failed" && isRemote(uncaught.exit.error, "RangeError"), uncaught.message);
  assert.equal(uncaught.exit.error.remote.code, "E_UNCAUGHT");
  assert.match(uncaught.exit.error.remote.stack, /leaver\.js:\d+/);
  assert.ok(
    uncaught.stderr.some((line) => line.includes("nobody catches this")),
    uncaught.message,
  );
};
law("Exit code, signal, out-of-memory and abort are distinct exits with the last lines of stderr", processes, {
  needs: ["process"],
});

law("A test finds every code in the error pages; a missing native binary names all that was tried", async (env) => {
  const root = new URL("../../../", import.meta.url);
  const page = readFileSync(new URL("docs/errors.md", root), "utf8");
  for (const code of ERROR_CODES) assert.ok(page.includes(`## ${code}\n`), `docs/errors.md says nothing of ${code}`);

  // A copy of brood as an npm installs it that was told to leave out optional dependencies.
  const copy = join(env.directory, "brood");
  cpSync(new URL("dist", root), join(copy, "dist"), { recursive: true });
  cpSync(new URL("package.json", root), join(copy, "package.json"));
  const { name: _name, stdio: _stdio, ...options } = env.options("one");
  type Told = {
    name: string;
    code: string;
    message: string;
    phase?: string;
    cause?: Told;
    tried?: { file: string; why: string }[];
  };
  const start = async (): Promise<Told> => {
    const program = pathToFileURL(join(copy, "dist/testing/programs/one-start.js"));
    const { error } = answerOf(await runProgram(program, [JSON.stringify(options)])) as { error?: Told };
    assert.ok(error !== undefined, "it started");
    return error;
  };
  const platform = platformName();
  const binary = env.has("component") ? "brood-engine.node" : "brood-forkserver.node";
  const built = join(copy, "npm", platform, binary);
  const missing = await start();
  assert.equal(missing.name, "StartFailed");
  assert.equal(missing.phase, "spawn");
  assert.equal(missing.cause?.code, "ERR_BROOD_NATIVE_MISSING");
  assert.deepEqual(
    missing.cause.tried?.map(({ file }) => file),
    [built, `brood-${platform}/${binary}`],
  );
  assert.equal(missing.cause.tried[0]?.why, "no such file");
  for (const { file, why } of missing.cause.tried)
    assert.ok(missing.message.includes(file) && missing.message.includes(why), missing.message);
  assert.match(missing.message, /npm/);

  // One that belongs to another release is not taken, and the text says whose it is.
  const own = new URL(`npm/${platform}/${binary}`, root);
  assert.ok(existsSync(fileURLToPath(own)));
  cpSync(own, built);
  const { version, ...rest } = JSON.parse(readFileSync(join(copy, "package.json"), "utf8")) as { version: string };
  writeFileSync(join(copy, "package.json"), JSON.stringify({ ...rest, version: "99.0.0" }));
  const other = await start();
  assert.equal(other.cause?.tried?.[0]?.why, `it is of version ${version}, but this is brood 99.0.0`);
});
