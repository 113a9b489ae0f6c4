// Section 8, of what runs inside this process: what can be started, what is refused and why, and what a guest finds when it begins.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { ActorSource, OutputLine, Portal, ProcessOptions } from "../../context/surface.js";
import { ArtifactRefused, CompileRefused, type ArtifactReason } from "../../errors/guest.js";
import { InvalidOption, StartFailed } from "../../errors/kinds.js";
import { isRemote } from "../../errors/remote.js";
import { withNursery } from "../../nursery/open.js";
import { actor, component, source } from "../../nursery/source.js";
import { bounded } from "../bounded.js";
import { rejection, until } from "../gate.js";
import { section } from "../law.js";
import { assertGone } from "../left.js";
import { plainComponent } from "../plain-component.js";

const MODULE = new URL("../actors/worker.js", import.meta.url);
const scopes = actor<typeof import("../actors/scopes.js")>(new URL("../actors/scopes.js", import.meta.url));
const worker = actor<typeof import("../actors/worker.js")>(MODULE);

export const guestStarts = section(8);
const law = bounded(guestStarts);
const NEEDS = { needs: ["component"] } as const;

const CORE_MODULE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

law(
  "A stale artifact, one of another protocol version, a truncated file, a core module: each a different, clear error",
  async (env) => {
    const built = readFileSync(fileURLToPath(MODULE).replace(/\.js$/, ".wasm"));
    const otherVersion = Buffer.from(built);
    const at = otherVersion.lastIndexOf('"protocol":');
    assert.ok(at > 0);
    otherVersion[at + '"protocol":'.length] = "9".charCodeAt(0);
    const cases: Record<string, { bytes?: Uint8Array; stale?: true; reason: ArtifactReason; says: RegExp }> = {
      missing: { reason: "missing", says: /there is no .*missing\.wasm/ },
      stale: { bytes: built, stale: true, reason: "stale", says: /is stale: .*worker\.js has changed/ },
      "other-version": { bytes: otherVersion, reason: "protocol", says: /speaks version 9/ },
      truncated: { bytes: built.subarray(0, built.length / 2), reason: "truncated", says: /ends within itself/ },
      empty: { bytes: new Uint8Array(0), reason: "truncated", says: /is empty/ },
      text: { bytes: Buffer.from("export default {}"), reason: "not-wasm", says: /is no WebAssembly/ },
      "core-module": { bytes: CORE_MODULE, reason: "core-module", says: /is a core WebAssembly module/ },
      plain: { bytes: plainComponent(), reason: "not-an-actor", says: /not a built actor/ },
    };
    await withNursery(async (nursery) => {
      for (const [name, { bytes, stale, reason, says }] of Object.entries(cases)) {
        const directory = join(env.directory, name);
        mkdirSync(directory);
        // Its inputs are named relative to it: beside it lies one of them, and not as it was.
        const file = join(directory, stale === true ? "worker.js" : `${name}.js`);
        writeFileSync(file, "export default 1;\n");
        if (bytes !== undefined) writeFileSync(file.replace(/\.js$/, ".wasm"), bytes);
        const error = await rejection(nursery.start(actor(pathToFileURL(file)), env.options(name)));
        assert.ok(error instanceof StartFailed, `${name}: ${String(error)}`);
        assert.equal(error.phase, "load");
        const { cause } = error;
        assert.ok(cause instanceof ArtifactRefused, `${name}: ${String(cause)}`);
        assert.equal(cause.reason, reason, cause.message);
        assert.equal(cause.component, file.replace(/\.js$/, ".wasm"));
        for (const { message } of [error, cause]) {
          assert.match(message, says);
          assert.match(message, /npx brood build /);
        }
      }
      // As it was built it starts, wherever it lies.
      const directory = join(env.directory, "deployed");
      mkdirSync(directory);
      writeFileSync(join(directory, "worker.wasm"), built);
      const moved = actor<typeof import("../actors/worker.js")>(pathToFileURL(join(directory, "worker.js")));
      assert.equal(await nursery.run(moved, "add", [1, 2], env.options("moved")), 3);
    });
  },
  NEEDS,
);

law(
  "What is no component, or is no actor, is refused before anything of it runs",
  async (env) => {
    const file = join(env.directory, "plain.wasm");
    writeFileSync(file, plainComponent());
    const built = fileURLToPath(MODULE).replace(/\.js$/, ".wasm");
    const cut = join(env.directory, "cut.wasm");
    writeFileSync(cut, readFileSync(built).subarray(0, 100_000));
    const refused: readonly [string, ActorSource<any, "component">, CompileRefused["reason"] | undefined, RegExp][] = [
      ["core module", component(CORE_MODULE), "core-module", /core WebAssembly module/],
      ["text", component(Buffer.from("(component)")), "malformed", /is no component/],
      ["cut", component(cut), "malformed", /is no component/],
      ["absent", component(join(env.directory, "absent.wasm")), undefined, /absent\.wasm cannot be read/],
    ];
    await withNursery(async (nursery) => {
      for (const [name, what, reason, says] of refused) {
        const error = await rejection(nursery.start(what, { name }));
        assert.ok(error instanceof StartFailed, `${name}: ${String(error)}`);
        assert.equal(error.phase, "load");
        assert.match(error.message, says);
        if (reason === undefined) continue;
        assert.ok(error.cause instanceof CompileRefused, `${name}: ${String(error.cause)}`);
        assert.equal(error.cause.reason, reason);
      }
      // The same component by its path, its URL and its bytes.
      for (const what of [file, pathToFileURL(file), plainComponent()])
        assert.equal(await nursery.run(component<{ add(a: number, b: number): number }>(what), "add", [1, 2]), 3);
    });
  },
  { ...NEEDS, deadline: 60_000 },
);

law(
  "An actor in wasm refuses what belongs to processes, and a process what belongs to wasm; neither ignores it",
  async (env) => {
    const theirs = {
      process: {
        killTimeout: 10,
        preload: true,
        inheritMain: true,
        env: { A: "b" },
        cwd: env.directory,
        execArgv: ["--no-warnings"],
      },
      component: { limits: { memory: "1GiB" }, grants: { env: ["A"] }, imports: { "a:b/c": {} } },
    };
    await withNursery(async (nursery) => {
      for (const [name, value] of Object.entries(env.has("process") ? theirs.component : theirs.process)) {
        const options = { name: "refused", spawn: env.method, [name]: value };
        const error = await rejection(nursery.start(worker, options as never));
        assert.ok(error instanceof InvalidOption, `${name}: ${String(error)}`);
        assert.equal(error.option, `nursery.start: ${name}`);
        assert.match(
          error.message,
          new RegExp(
            `${name} is one of spawn method (forkserver, (main_thread_forkserver, )?exec|wasm), and this is ${env.method}`,
          ),
        );
      }
      assert.deepEqual(nursery.children, []);
    });
  },
);

law("A guest starts actors of its own with the methods that it was granted, and with no other", async (env) => {
  await withNursery(async (nursery) => {
    const options: ProcessOptions = { spawn: env.method as ProcessOptions["spawn"] };
    const granted = await nursery.start(scopes, { ...env.options("granted") });
    assert.deepEqual((await granted.call("known", ["below"], options)).length, 2);
    if (env.has("process")) return;
    // What it was not granted it cannot hand on either, and its own actor has nothing of it unless it is given that.
    const refused = await rejection(granted.call("known", ["below", "further"], options));
    assert.ok(isRemote(refused, "NotGranted"), String(refused));
    assert.equal(refused.remote.code, "ERR_BROOD_NOT_GRANTED");
    const bare = await nursery.start(scopes, { name: "bare", spawn: "wasm" });
    const error = await rejection(bare.call("known", ["below"], { spawn: "exec" }));
    assert.ok(isRemote(error, "NotGranted"), String(error));
    assert.match(error.remote.message, /Start it with grants: \{ actors: \["exec"\] \}\.$/);
    assert.equal(await bare.call("add", 1, 2), 3);
  });
});

law(
  "A guest's own actors may be processes of a module that it names relative to its own",
  async () => {
    await withNursery(async (nursery) => {
      const methods = ["forkserver", "exec"] as const;
      const granted = await nursery.start(scopes, { spawn: "wasm", name: "granted", grants: { actors: methods } });
      for (const spawn of methods) {
        const known = await granted.call("known", ["below"], { spawn });
        assert.deepEqual(
          known.map(({ spawnMethod, path, pid }) => [spawnMethod, path, pid !== undefined]),
          [
            ["wasm", "/granted", false],
            [spawn, "/granted/below", true],
          ],
        );
      }
    });
  },
  NEEDS,
);

law("No two actors draw equal random values, from any source, however alike they began", async (env) => {
  await withNursery(async (nursery) => {
    const names = ["one", "two", "three", "four"];
    const portals = await Promise.all(names.map((name) => nursery.start(worker, env.options(name))));
    const drawn = (await Promise.all(portals.map((portal) => portal.call("random", 100)))).flat();
    assert.equal(drawn.length, names.length * 300);
    assert.equal(new Set(drawn).size, drawn.length);
  });
});

interface Written {
  twice(x: number): number;
  remember(value: unknown): unknown;
  recall(): unknown;
  fail(): never;
}

law(
  "The text of an actor is one, without any build: an object of endpoints, or what defineActor gives",
  async () => {
    const text = source<Written>(`
      let kept;
      ({
        twice: (x) => 2 * x,
        remember(value) { globalThis.kept = kept = value; return value; },
        recall: () => [kept ?? null, globalThis.kept ?? null],
        fail() {
          throw new RangeError("at line seven");
        },
      })`);
    const whole = source<{ greet(name: string): string; ready(): boolean }>(`
      let ready = false;
      defineActor(
        { greet: endpoint(async (task, name) => \`hello \${name} from \${task.actor.id.name}\`), ready: () => ready },
        { async setup(task) { await null; ready = true; } },
      )`);
    await withNursery(async (nursery) => {
      const one = await nursery.start(text, { name: "one" });
      const two = await nursery.start(text, { name: "two" });
      assert.equal(one.spawnMethod, "wasm");
      assert.equal(await one.call("twice", 21), 42);
      // Nothing of one is seen by another.
      assert.deepEqual(await one.call("remember", { a: [1] }), { a: [1] });
      assert.deepEqual(await one.call("recall"), [{ a: [1] }, { a: [1] }]);
      assert.deepEqual(await two.call("recall"), [null, null]);
      const failed = await rejection(one.call("fail"));
      assert.ok(isRemote(failed, "RangeError"), String(failed));
      assert.equal(failed.remote.message, "at line seven");
      assert.match(failed.remote.stack, /^RangeError: at line seven\n +at fail \(.*:\d+/);

      const three = await nursery.start(whole, { name: "three" });
      assert.equal(await three.call("ready"), true);
      assert.equal(await three.call("greet", "you"), "hello you from three");
      assert.equal(await nursery.run(text, "twice", [4]), 8);
    });
  },
  NEEDS,
);

law(
  "A text that is no actor fails its start, saying why; a start that fails leaves no instance",
  async (env) => {
    const cases: Record<string, { code: string; phase: "load" | "setup"; cause: string; says: RegExp }> = {
      throws: {
        code: 'throw Object.assign(new RangeError("no luck"), { code: "E_LUCK" })',
        phase: "load",
        cause: "RangeError",
        says: /RangeError: no luck/,
      },
      "does not parse": { code: "({ a: 1,, })", phase: "load", cause: "SyntaxError", says: /SyntaxError/ },
      "is a number": { code: "42", phase: "load", cause: "TypeError", says: /the code gives number, not an actor/ },
      "has no endpoint": { code: "({ a: 1 })", phase: "load", cause: "", says: /a/ },
      "setup throws": {
        code: 'defineActor({}, { setup() { throw new RangeError("no database"); } })',
        phase: "setup",
        cause: "RangeError",
        says: /its setup failed: RangeError: no database/,
      },
      "setup rejects": {
        code: 'defineActor({}, { async setup() { await null; throw "text"; } })',
        phase: "setup",
        cause: "NonError",
        says: /its setup failed: NonError: text/,
      },
    };
    await withNursery(async (nursery) => {
      for (const [name, { code, phase, cause, says }] of Object.entries(cases)) {
        const error = await rejection(nursery.start(source(code), { name }));
        assert.ok(error instanceof StartFailed, `${name}: ${String(error)}`);
        assert.equal(error.phase, phase, error.message);
        assert.match(error.message, says);
        if (cause !== "") assert.ok(isRemote(error.cause, cause), `${name}: ${String(error.cause)}`);
        assertGone(env, error.actor);
        // The caller's own line: a program starts many.
        assert.match(error.stack ?? "", /laws\/guest-starts\.js:\d+/);
      }
      const bomb = await rejection(
        nursery.start(source("const kept = []; for (;;) kept.push(new Array(1000).fill(0));"), { name: "bomb" }),
      );
      assert.ok(bomb instanceof StartFailed, String(bomb));
      assert.match(bomb.message, /memory/);
      assertGone(env, bomb.actor);
    });
  },
  { ...NEEDS, deadline: 40_000 },
);

interface Talker {
  say(...words: unknown[]): void;
  complain(text: string): void;
  log(text: string): void;
  flood(lines: number): number;
  add(a: number, b: number): number;
}
const talker = source<Talker>(`defineActor({
  say: (...words) => console.log(...words),
  complain: (text) => console.error(text),
  log: endpoint((task, text) => task.log(text)),
  flood(lines) { for (let i = 0; i < lines; i++) console.log("line " + i + " " + "y".repeat(100)); return lines; },
  add: (a, b) => a + b,
})`);

law(
  "What a guest says comes as lines with its name, without anything that a terminal obeys; a flood is cut, counted, and slows nobody",
  async () => {
    await withNursery(async (nursery) => {
      const lines: OutputLine[] = [];
      const portal: Portal<Talker> = await nursery.start(talker, {
        name: "talker",
        stdio: (line) => void lines.push(line),
      });
      const texts = (): string[] => lines.map(({ text }) => text);
      await portal.call("say", "first", { a: 1 }, "\u00FCmlaut \u{1F423}");
      await portal.call("complain", "a complaint");
      await portal.call("log", "by its task");
      await until("its lines", () => lines.length === 3);
      assert.match(texts()[0] as string, /first \{ a: 1 \} ümlaut \u{1F423}$/u);
      assert.match(texts()[1] as string, /a complaint$/);
      assert.match(texts()[2] as string, /by its task$/);
      for (const { actor: who } of lines) assert.equal(who.uuid, portal.id.uuid);

      lines.length = 0;
      await portal.call("say", "\u001B[31mred\u001B[0m \u001B]0;title\u0007 back\rover \u009B2J \u202Eevil");
      await until("its line", () => lines.length > 0);
      // oxlint-disable-next-line no-control-regex -- control characters are what must not come
      for (const text of texts()) assert.doesNotMatch(text, /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202E]/);
      assert.match(texts().join("\n"), /red/);

      lines.length = 0;
      const neighbour = await nursery.start(talker, { name: "neighbour" });
      const count = 50_000;
      const state = { over: false };
      const flood = portal.call("flood", count).finally(() => (state.over = true));
      let worst = 0;
      while (!state.over) {
        const from = performance.now();
        assert.equal(await neighbour.call("add", 1, 2), 3);
        worst = Math.max(worst, performance.now() - from);
      }
      assert.equal(await flood, count);
      assert.ok(worst < 1_000, `a neighbour's call took ${worst} ms`);
      assert.ok(lines.length < count / 2, `${lines.length} lines came`);
      await until("the dropped lines are counted", () => texts().some((text) => /\d+ .*dropped/.test(text)), 10_000);
    });
  },
  { ...NEEDS, deadline: 60_000 },
);
