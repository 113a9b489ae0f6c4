// `brood run` starts a program so that it can be forked, and otherwise as Node does: the program sees nothing of it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { ROOT } from "../harness/checkout.js";
import { suite, type LawTask } from "../harness/law.js";

const law = suite("brood run");

interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], signal?: NodeJS.Signals): Promise<Run> {
  const child = spawn("sh", [join(ROOT, "bin", "brood"), "run", ...args], {
    env: { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (signal !== undefined) child.kill(signal);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code, ended] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal: ended, stdout, stderr };
}

function file(t: LawTask, name: string, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), "run-"));
  t.defer(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, name), text);
  return join(directory, name);
}

const SEEN = `
  const tried = (what) => { try { what(); return "there"; } catch (error) { return error.code ?? error.name; } };
  const seen = {
    argv: process.argv.slice(2), execArgv: process.execArgv,
    required: tried(() => require("internal/timers")), bound: tried(() => require("internal/test/binding")),
    named: isBuiltin("internal/timers"), listed: builtinModules,
    global: ["internalBinding", "primordials"].filter((name) => name in globalThis),
    cached: Object.keys(require.cache).filter((name) => name.includes("live")),
    got: typeof process.getBuiltinModule?.("internal/timers"),
  };`;

law(
  "a program sees its own arguments and flags, and nothing of Node's inside, as a module and as a script",
  async (t) => {
    const script = file(
      t,
      "app.cjs",
      `const { builtinModules, isBuiltin } = require("node:module"); ${SEEN}
     import("internal/timers").catch((error) => error.code).then((imported) => console.log(JSON.stringify({ ...seen, imported })));`,
    );
    const module = file(
      t,
      "app.mjs",
      `import { builtinModules, createRequire, isBuiltin } from "node:module"; const require = createRequire(import.meta.url); ${SEEN}
     const imported = await import("internal/timers").catch((error) => error.code);
     console.log(JSON.stringify({ ...seen, imported }));`,
    );
    for (const program of [script, module]) {
      const { code, stdout, stderr } = await run(["--no-deprecation", program, "one", "--two"]);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.deepEqual(JSON.parse(stdout), {
        argv: ["one", "--two"],
        execArgv: ["--no-deprecation"],
        required: "MODULE_NOT_FOUND",
        bound: "MODULE_NOT_FOUND",
        named: false,
        listed: builtinModules,
        global: [],
        cached: [],
        got: "undefined",
        imported: "ERR_MODULE_NOT_FOUND",
      });
    }
  },
);

law("a Worker and a child process of the program know nothing of it either", async (t) => {
  const program = file(
    t,
    "app.mjs",
    `import { Worker } from "node:worker_threads"; import { fork } from "node:child_process"; import { once } from "node:events";
     const look = 'const tried = () => { try { require("internal/timers"); return "there"; } catch (error) { return error.code; } };';
     const worker = new Worker(look + 'require("worker_threads").parentPort.postMessage([tried(), process.execArgv.length])', { eval: true });
     const [inWorker] = await once(worker, "message");
     const child = fork(process.argv[2]);
     const [inChild] = await once(child, "message");
     console.log(JSON.stringify([inWorker, inChild]));`,
  );
  const child = file(
    t,
    "child.cjs",
    `const tried = () => { try { require("internal/timers"); return "there"; } catch (error) { return error.code; } }; process.send([tried(), process.execArgv.length]);`,
  );
  const { stdout, stderr } = await run([program, child]);
  assert.equal(stderr, "");
  assert.deepEqual(JSON.parse(stdout), [
    ["MODULE_NOT_FOUND", 0],
    ["MODULE_NOT_FOUND", 0],
  ]);
});

law("its exit code, its uncaught error and the signal that ends it are the program's", async (t) => {
  assert.equal((await run([file(t, "app.cjs", "process.exitCode = 7;")])).code, 7);
  const thrown = await run([file(t, "app.cjs", 'throw new RangeError("nobody catches this");')]);
  assert.equal(thrown.code, 1);
  assert.match(thrown.stderr, /app\.cjs:1\n[^]*RangeError: nobody catches this/);
  const stays = file(t, "app.cjs", 'setInterval(() => {}, 1e6); process.stdout.write("there");');
  assert.equal((await run([stays], "SIGTERM")).signal, "SIGTERM");
  const hears = file(
    t,
    "app.cjs",
    'setInterval(() => {}, 1e6); process.on("SIGINT", () => process.exit(9)); process.stdout.write("there");',
  );
  assert.equal((await run([hears], "SIGINT")).code, 9);
});

law("without a program it says so, and a program that is not there is Node's to refuse", async () => {
  const { code, stderr } = await run([]);
  assert.deepEqual([code, stderr], [2, "brood: run: which program? brood run app.js\n"]);
  const missing = await run(["no-such-program.js"]);
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /Cannot find module .*no-such-program\.js/);
});

law.run();
