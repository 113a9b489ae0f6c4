// How a component comes into this process: loaded once, compiled where it was asked to be, refused with a reason, and bounded by what
// the process was configured for.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import {
  Cancelled,
  CompileRefused,
  component,
  NotGranted,
  source,
  StartFailed,
  UnknownEndpoint,
  withNursery,
  type OutputLine,
} from "brood";
import { rejection } from "#brood/testing/gate.js";
import { plainComponent } from "#brood/testing/plain-component.js";
import { allProcesses } from "#brood/testing/processes.js";
import { soon } from "#brood/testing/soon.js";
import { suite } from "./harness/law.js";

const law = suite("components");
/** The guest that runs texts may have to be compiled first, by a compiler that was not optimised itself. */
const COMPILED = 60_000;
const run = promisify(execFile);

interface Deferring {
  defer(cleanUp: () => unknown): void;
}

function scratch(t: Deferring): string {
  const directory = mkdtempSync(join(tmpdir(), "components-"));
  t.defer(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function plainFile(t: Deferring): string {
  const file = join(scratch(t), "plain.wasm");
  writeFileSync(file, plainComponent());
  return file;
}

/** A host of its own, since a process is configured once. `body` has `nursery`, `brood`, `file` and `bytes`. @returns what it says */
async function host(t: Deferring, body: string, env: Record<string, string> = {}): Promise<unknown> {
  const file = plainFile(t);
  const program = `
    import * as brood from ${JSON.stringify(import.meta.resolve("brood"))};
    import { readFileSync, readdirSync } from "node:fs";
    const file = ${JSON.stringify(file)};
    const bytes = readFileSync(file);
    const failed = (promise) => promise.then(() => "it did not fail", (error) => ({ name: error.name, message: error.message, cause: error.cause?.name, phase: error.phase, reason: error.cause?.reason }));
    let said;
    ${body}
    console.log(JSON.stringify(said));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...process.env, BROOD_CACHE_DIR: join(scratch(t), "cache"), ...env },
  });
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) as string) as unknown;
}

const childPids = (): number[] =>
  allProcesses().flatMap(({ pid, ppid, state }) => (ppid === process.pid && state !== "Z" ? [pid] : []));
const children = (): number => childPids().length;

/** Nothing of it is in any cache: other bytes each time. A custom section at the end changes nothing else. */
function freshComponent(): Uint8Array {
  const mark = Buffer.from(`${process.hrtime.bigint()}`);
  return new Uint8Array([...plainComponent(), 0, mark.length + 2, 1, 0x78, ...mark]);
}

/** The process of the next isolated compile, as soon as it is there. */
async function nextCompiler(before: readonly number[]): Promise<number> {
  for (;;) {
    const pid = childPids().find((child) => !before.includes(child));
    if (pid !== undefined) return pid;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

law("a file, its URL and its bytes are the same component", async (t) => {
  const file = plainFile(t);
  await withNursery(async (nursery) => {
    for (const what of [
      component(file),
      component(pathToFileURL(file)),
      component(plainComponent()),
      component(plainComponent(), { compile: "in-process" }),
      component(file, { compile: "isolated" }),
    ]) {
      assert.equal(await nursery.run(what, "add", [1, 2]), 3);
      const portal = await nursery.start(what, { name: "plain" });
      assert.deepEqual([portal.spawnMethod, portal.id.pid], ["wasm", undefined]);
      assert.equal(await portal.call("echo", "größer"), "größer");
    }
  });
});

law("a file that has changed is loaded anew by the next start, and what runs goes on", async (t) => {
  const file = plainFile(t);
  const what = component(file);
  await withNursery(async (nursery) => {
    const before = await nursery.start(what, { name: "before" });
    writeFileSync(file, "no component");
    assert.ok((await rejection(nursery.start(what, { name: "changed" }))) instanceof StartFailed);
    assert.equal(await before.call("add", 1, 2), 3);
    writeFileSync(file, plainComponent());
    utimesSync(file, new Date(), new Date(1_000));
    assert.equal(await nursery.run(what, "add", [1, 2]), 3);
  });
});

law("bytes given to component() are copied: what is done to them later changes nothing", async () => {
  const bytes = plainComponent();
  const what = component(bytes);
  bytes.fill(0);
  await withNursery(async (nursery) => assert.equal(await nursery.run(what, "add", [1, 2]), 3));
});

law("what is no component is refused, each for a reason of its own that names the file", async (t) => {
  const directory = scratch(t);
  const write = (name: string, bytes: Uint8Array | string): string => {
    writeFileSync(join(directory, name), bytes);
    return join(directory, name);
  };
  const whole = plainComponent();
  const core = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
  const cases: readonly [string, CompileRefused["reason"], RegExp][] = [
    [write("text.wasm", "hello"), "malformed", /is no component: it is not a WebAssembly binary/],
    [write("empty.wasm", ""), "malformed", /is no component: /],
    [write("cut.wasm", whole.slice(0, whole.length - 5)), "malformed", /is no component: it is cut off/],
    [write("core.wasm", core), "core-module", /is a core WebAssembly module and not a component\. Make/],
  ];
  await withNursery(async (nursery) => {
    for (const [file, reason, words] of cases) {
      const error = await rejection(nursery.start(component(file), { name: "unfit" }));
      assert.ok(error instanceof StartFailed, String(error));
      assert.equal(error.phase, "load");
      assert.ok(error.message.startsWith(`start failed: unfit (/unfit): ${file} `), error.message);
      assert.match(error.message, words);
      assert.ok(error.cause instanceof CompileRefused);
      assert.deepEqual([error.cause.reason, error.cause.component], [reason, file]);
    }
    for (const file of [join(directory, "nowhere.wasm"), directory]) {
      const error = await rejection(nursery.start(component(file), { name: "unreadable" }));
      assert.ok(error instanceof StartFailed, String(error));
      assert.ok(error.message.includes(`${file} cannot be read: `), error.message);
      assert.ok(error.cause instanceof Error);
    }
  });
});

law(
  "a component that imports what nobody gives it is refused by the name of that import, which is published",
  async (t) => {
    // (component (import "acme:host/log@1.0.0" (func)))
    const name = "acme:host/log@1.0.0";
    const bytes = new Uint8Array([
      ...[0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0],
      ...[7, 5, 1, 0x40, 0, 1, 0],
      ...[10, name.length + 5, 1, 1, name.length, ...Buffer.from(name), 1, 0],
    ]);
    const denied: unknown[] = [];
    const onDenied = (message: unknown): void => void denied.push(message);
    subscribe("brood:denied", onDenied);
    t.defer(() => unsubscribe("brood:denied", onDenied));
    await withNursery(async (nursery) => {
      const error = await rejection(nursery.start(component(bytes, { compile: "in-process" }), { name: "greedy" }));
      assert.ok(error instanceof StartFailed, String(error));
      assert.ok(error.cause instanceof NotGranted, String(error.cause));
      assert.deepEqual(error.cause.imports, [name]);
      const { actor, path } = error.cause;
      assert.deepEqual(denied, [{ actor, path, nursery: nursery.name, grants: [name] }]);
      assert.ok(error.message.includes(`imports ${name}, which it is not granted`), error.message);
    });
  },
);

law("bytes are compiled in a process of its own, once, and found in the cache by every later start", async (t) => {
  const said = await host(
    t,
    `
    await brood.withNursery(async (nursery) => {
      const what = brood.component(bytes);
      said = [await nursery.run(what, "add", [1, 2]), await nursery.run(brood.component(bytes), "add", [1, 2])];
      said.push(readdirSync(process.env.BROOD_CACHE_DIR + "/wasm").length);
    });`,
  );
  assert.deepEqual(said, [3, 3, 1]);
});

law("without a cache an isolated compile is refused, and says what to do; one in the process needs none", async (t) => {
  const body = `
    await brood.withNursery(async (nursery) => {
      said = [await failed(nursery.start(brood.component(bytes), { name: "bytes" })), await nursery.run(brood.component(bytes, { compile: "in-process" }), "add", [1, 2])];
    });`;
  for (const said of [
    await host(t, body, { BROOD_CACHE_DIR: "" }),
    await host(t, `brood.configure({ cacheDir: false });${body}`),
  ]) {
    const [refused, sum] = said as [{ message: string; cause: string; reason: string }, number];
    assert.deepEqual([refused.cause, refused.reason, sum], ["CompileRefused", "compile", 3]);
    assert.match(
      refused.message,
      /needs a cache directory, and there is none\. Set one with configure\(\{ cacheDir \}\)/,
    );
  }
});

law("the process of an isolated compile is gone when nobody waits for it any more", async () => {
  const before = children();
  await withNursery(async (nursery) => {
    const controller = new AbortController();
    const aborted = rejection(
      nursery.start(component(freshComponent()), { name: "aborted", signal: controller.signal }),
    );
    const late = rejection(nursery.start(component(freshComponent()), { name: "late", startTimeout: 5 }));
    await soon(
      "a compiler runs",
      (async () => {
        while (children() === before) await new Promise((resolve) => setTimeout(resolve, 1));
      })(),
    );
    controller.abort("enough");
    assert.ok((await aborted) instanceof Cancelled);
    const error = await late;
    assert.ok(error instanceof StartFailed && /was still being loaded and compiled/.test(error.message), String(error));
    // The queue goes on.
    assert.equal(await nursery.run(component(freshComponent()), "add", [1, 2]), 3);
  });
  await soon(
    "no compiler is left",
    (async () => {
      while (children() > before) await new Promise((resolve) => setTimeout(resolve, 1));
    })(),
  );
});

/** How a start ends whose compiler has met with `signal`; and whether the next compile went well. */
async function metWith(signal: NodeJS.Signals): Promise<CompileRefused> {
  return withNursery(async (nursery) => {
    const before = childPids();
    const refused = rejection(nursery.start(component(freshComponent()), { name: "bytes", startTimeout: COMPILED }));
    process.kill(await soon("a compiler runs", nextCompiler(before)), signal);
    const error = await refused;
    assert.ok(error instanceof StartFailed && error.cause instanceof CompileRefused, String(error));
    assert.equal(await nursery.run(component(freshComponent()), "add", [1, 2]), 3);
    assert.equal(children(), before.length);
    return error.cause;
  });
}

law("a compiler that the system ends, as for want of memory, is a refusal, and the next one goes on", async () => {
  const { reason, message } = await metWith("SIGKILL");
  assert.equal(reason, "compile-memory");
  assert.match(message, /its compiler was ended by SIGKILL, for want of memory/);
});

// It waits for all of the 30 s.
if (process.env["BROOD_FULL"])
  law(
    "a compile that does not come to an end is ended, and is a refusal, and the next one goes on",
    async () => {
      const { reason, message } = await metWith("SIGSTOP");
      assert.equal(reason, "compile-time");
      assert.match(message, /its compile took longer than 30 s/);
    },
    { deadline: 90_000 },
  );

law("a full house lets a start wait for a place, at most for its startTimeout, and then says so", async (t) => {
  const said = await host(
    t,
    `
    brood.configure({ maxActors: 2, engineThreads: 1 });
    await brood.withNursery(async (nursery) => {
      const what = brood.component(file);
      const [first] = await Promise.all([nursery.start(what, { name: "a" }), nursery.start(what, { name: "b" })]);
      const refused = await failed(nursery.start(what, { name: "c", startTimeout: 50 }));
      const waiting = nursery.start(what, { name: "d" });
      await first.kill();
      said = [refused, await (await waiting).call("add", 1, 2)];
    });`,
  );
  const [refused, sum] = said as [{ message: string; cause: string; phase: string }, number];
  assert.deepEqual([refused.cause, refused.phase, sum], ["HouseFull", "spawn", 3]);
  assert.match(refused.message, /^start failed: c \(\/c\): all 2 places of this process are taken, .* within 50 ms/);
});

law("configure is called once, and before the first wasm actor", async (t) => {
  const attempt = `const attempt = (settings) => { try { brood.configure(settings); return "fine"; } catch (error) { return error.message; } };`;
  const twice = (await host(
    t,
    `${attempt} said = [attempt({ maxActors: 0 }), attempt({ maxActors: 5 }), attempt({ maxActors: 5 })];`,
  )) as string[];
  assert.match(twice[0] as string, /^invalid option: configure: maxActors: got 0/);
  assert.equal(twice[1], "fine");
  assert.match(twice[2] as string, /^unsupported: a second configure\(\)/);
  const late = await host(
    t,
    `${attempt} await brood.withNursery((nursery) => nursery.run(brood.component(file), "add", [1, 2])); said = attempt({ engineThreads: 1 });`,
  );
  assert.match(late as string, /^unsupported: configure\(\) after the first wasm actor/);
});

law("the event loop is held open while an actor lives, and no longer", async (t) => {
  const said = await host(
    t,
    `
    const nursery = await brood.openNursery();
    const portal = await nursery.start(brood.component(file), { name: "held", limits: { wall: 200 }, onDeath: "report" });
    const { kind } = await portal.exited;
    said = kind;`,
  );
  assert.equal(said, "failed");
});

law(
  "a stdio function that throws is told as an uncaught error, and every other line and call arrives",
  async (t) => {
    const code = "({ say: (text) => { for (let n = 0; n < 3; n++) console.log(text, n); return text; } })";
    const lines: string[] = [];
    const uncaught: unknown[] = [];
    const hear = (error: unknown): void => void uncaught.push(error);
    process.on("uncaughtException", hear);
    t.defer(() => process.off("uncaughtException", hear));
    await withNursery(async (nursery) => {
      const stdio = ({ text }: OutputLine): void => {
        lines.push(text);
        throw new Error(`heard ${text}`);
      };
      const portal = await nursery.start(source(code), { name: "talker", stdio, startTimeout: COMPILED });
      assert.equal(await portal.call("say", "hello"), "hello");
      await portal.close();
    });
    assert.deepEqual(lines, ["info: hello 0", "info: hello 1", "info: hello 2"]);
    assert.deepEqual(
      uncaught.map((error) => (error as Error).message),
      lines.map((line) => `heard ${line}`),
    );
  },
  { deadline: COMPILED },
);

law("a name that a component does not have is refused with those it has", async (t) => {
  const file = plainFile(t);
  await withNursery(async (nursery) => {
    const portal = await nursery.start(component(file), { name: "plain" });
    for (const [name, words] of [
      ["ad", /the actor has add, .* and \d+ more\. Did you mean add\?$/],
      ["acme:md/api#render", /the actor has /],
      ["toString", /the actor has /],
    ] as const) {
      const error = await rejection(portal.call(name));
      assert.ok(error instanceof UnknownEndpoint, String(error));
      assert.match(error.message, words);
    }
    const opened = await rejection((portal.open as (name: string) => Promise<unknown>)("add"));
    assert.ok(opened instanceof UnknownEndpoint);
    assert.match(opened.message, /it is called, not opened: use portal\.call\("add", \.\.\.\)\.$/);
    assert.equal(portal.stats.calls, 0);
  });
});

law.run();
