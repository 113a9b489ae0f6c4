// brood build: what it makes of an actor's module, what it refuses and at which line, and what it warns of.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "../harness/law.js";
import { ROOT } from "../harness/checkout.js";
import { run } from "../harness/run.js";
import { readArtifact } from "#brood/spawn/artifact.js";
import { GREETER, project, SLOW } from "./project.js";

const law = suite("build");

law(
  "an actor's module becomes a component that says what is in it",
  async (t) => {
    const { at, url, build } = project(t, {
      "src/greeter.ts": `import { defineActor, context, endpoint, type } from "brood/actor";
import { greeting } from "./words.js";
export default defineActor({
  greet: (name: string) => greeting + name,
  wait: endpoint(async () => 1),
  count: context({ started: type<number>() }, async (task) => { await task.started(1); }),
});
`,
      "src/words.ts": 'export const greeting: string = "hello ";\n',
    });
    const { stdout, stderr } = await build("src/greeter.ts", "-o", "out/greeter.wasm");
    assert.match(stdout, /^out[\\/]greeter\.wasm {2}\d+\.\d MiB\n$/);
    assert.equal(stderr, "");
    assert.deepEqual(readdirSync(at("out")), ["greeter.wasm"]);
    assert.deepEqual([...readFileSync(at("out/greeter.wasm")).subarray(0, 8)], [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
    const { meta, positions } = readArtifact(url("out/greeter.js"));
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    assert.equal(meta.brood, version);
    assert.equal(meta.protocol, 1);
    assert.match(meta.hash, /^[0-9a-f]{64}$/);
    assert.deepEqual(meta.endpoints, { greet: "call", wait: "call", count: "context" });
    const sha256 = (path: string): string =>
      createHash("sha256")
        .update(readFileSync(at(path)))
        .digest("hex");
    assert.deepEqual(meta.inputs, [
      { path: "../src/greeter.ts", sha256: sha256("src/greeter.ts") },
      { path: "../src/words.ts", sha256: sha256("src/words.ts") },
    ]);
    assert.ok(positions() !== undefined);
  },
  SLOW,
);

law(
  "the same sources give the same hash, and other sources another",
  async (t) => {
    const { url, write, build } = project(t, { "greeter.ts": GREETER });
    await build("greeter.ts");
    const first = readArtifact(url("greeter.js")).meta;
    await build("greeter.ts", "--output", "again.wasm");
    assert.deepEqual(readArtifact(url("again.js")).meta, first);
    write("greeter.ts", GREETER.replace("hello", "goodbye"));
    await build("greeter.ts", "-o", "other.wasm");
    assert.notEqual(readArtifact(url("other.js")).meta.hash, first.hash);
  },
  SLOW,
);

/** What an actor in wasm does not have: a line that uses it, what the message names, and what it advises. */
const MISSING: readonly (readonly [string, RegExp, RegExp])[] = [
  ['import fs from "node:fs"; fs.readFileSync("x");', /node:fs: /, /read the file in the host/],
  ['import { readFile } from "fs/promises"; readFile("x");', /fs\/promises: /, /read the file in the host/],
  ['import http from "http"; http.get("x");', /http: /, /do the request in the host/],
  ['import { spawn } from "node:child_process"; spawn("x");', /node:child_process: /, /spawn: "forkserver"/],
  ['import sqlite from "node:sqlite"; sqlite;', /node:sqlite: /, /do it in the host/],
  ['const os = require("os"); os.cpus();', /os: /, /ask the host/],
  ['fetch("https://example.org");', /fetch: not in an actor in wasm/, /do the request in the host/],
  ["console.log(process.env.HOME);", /process: not in an actor in wasm/, /pass what is needed as an argument/],
  ['Buffer.from("x");', /Buffer: not in an actor in wasm/, /Uint8Array/],
  ['new WebSocket("wss://example.org");', /WebSocket: not in an actor in wasm/, /open it in the host/],
  ["setImmediate(() => {});", /setImmediate: not in an actor in wasm/, /queueMicrotask/],
  [
    'import { openNursery } from "brood"; openNursery();',
    /brood: /,
    /A nursery is task\.openNursery\(\); defineActor and its kin are in "brood\/actor"/,
  ],
  ['import x from "no-such-package"; x;', /no-such-package/, /./],
  ["const x: number = ;", /Unexpected ";"/, /./],
];

for (const [line, named, advice] of MISSING) {
  law(`what a guest does not have is refused at its line: ${line}`, async (t) => {
    const { at, brood } = project(t, { "actor.ts": GREETER.replace("export", `\n${line}\nexport`) });
    const { code, stderr } = await brood("build", "actor.ts");
    assert.equal(code, 1);
    const [first = "", last] = stderr.trimEnd().split("\n");
    assert.match(first, /^actor\.ts:3:\d+: /);
    assert.match(first, named);
    assert.match(first, advice);
    assert.equal(last, "brood build: actor.ts was not built");
    assert.ok(!existsSync(at("actor.wasm")));
  });
}

law("every fault of a module and of what it imports is told at once", async (t) => {
  const { brood } = project(t, {
    "actor.ts": `import "./deeper.js";\nimport "node:net";\nimport "node:tls";\n${GREETER}`,
    "deeper.js": 'import "node:dns";\n',
  });
  const { stderr } = await brood("build", "actor.ts");
  const told = stderr.split("\n").filter((line) => /^(actor\.ts|deeper\.js):\d+:\d+: node:/.test(line));
  assert.equal(told.length, 3, stderr);
});

law(
  "a module that asks for a missing global before it uses it is built, and so are packages, CommonJS and JSON",
  async (t) => {
    const { url, build } = project(t, {
      "actor.ts": `import { defineActor } from "brood/actor";
import words from "words";
import data from "./data.json";
const load = typeof fetch === "function" ? fetch : undefined;
if (process.env.NODE_ENV !== "production") throw new Error("no production");
class Held { [Symbol.dispose]() {} }
export default defineActor({ greet: () => { using _held = new Held(); return words.greeting + data.name + typeof load; } });
`,
      "data.json": '{ "name": "x" }',
      "node_modules/words/package.json": '{ "name": "words", "main": "index.js" }',
      "node_modules/words/index.js": 'exports.greeting = typeof process === "object" ? process.title : "hello ";\n',
    });
    const { stderr } = await build("actor.ts");
    assert.equal(stderr, "");
    const inputs = readArtifact(url("actor.ts")).meta.inputs.map((input) => input.path);
    assert.deepEqual(inputs, ["actor.ts", "data.json", "node_modules/words/index.js"]);
  },
  SLOW,
);

const AT_TOP_LEVEL = `import { defineActor } from "brood/actor";
import { then } from "./deeper.js";
const born = Date.now();
const lucky = Math.random();
const fixed = new Date(2020, 1, 1);
const now = () => new Date().getTime() + performance.now();
export default defineActor({ all: () => [then.getTime(), born, lucky, fixed.getTime(), now()] });
`;

law(
  "time and randomness at top level are warned of, each at its line, and refused with --strict",
  async (t) => {
    const { at, brood, build } = project(t, {
      "actor.ts": AT_TOP_LEVEL,
      "deeper.js": "export const then = new Date();\nexport const sooner = performance.now();\n",
    });
    const EXPECTED: readonly RegExp[] = [
      /^warning: deeper\.js:1:\d+: new Date\(\) at top level: /,
      /^warning: deeper\.js:2:\d+: performance\.now\(\) at top level: /,
      /^warning: actor\.ts:3:\d+: Date\.now\(\) at top level: it runs once, when the actor is built.*setup/,
      /^warning: actor\.ts:4:\d+: Math\.random\(\) at top level: /,
    ];
    const { stderr } = await build("actor.ts");
    const lines = stderr.trimEnd().split("\n");
    assert.equal(lines.length, EXPECTED.length, stderr);
    lines.forEach((line, i) => assert.match(line, EXPECTED[i] as RegExp));
    const strict = await brood("build", "actor.ts", "-o", "strict.wasm", "--strict");
    assert.equal(strict.code, 1);
    assert.match(strict.stderr, /^deeper\.js:1:\d+: new Date\(\) at top level/);
    assert.ok(!existsSync(at("strict.wasm")));
  },
  SLOW,
);

law(
  "crypto at top level fails the build",
  async (t) => {
    const { brood } = project(t, { "actor.ts": `const id = crypto.randomUUID();\n${GREETER}` });
    const { code, stderr } = await brood("build", "actor.ts");
    assert.equal(code, 1);
    assert.match(stderr, /crypto\.randomUUID was called while the actor was built.*\n {4}at .*actor\.ts:1:/);
  },
  SLOW,
);

law(
  "an error at top level is told with its place in the source",
  async (t) => {
    const { directory, brood } = project(t, {
      "actor.ts": `import { fail } from "./deeper.js";\n\nfail();\n${GREETER}`,
      "deeper.ts": '// nothing\nexport function fail(): never {\n  throw new RangeError("not today");\n}\n',
    });
    const { code, stderr } = await brood("build", "actor.ts");
    assert.equal(code, 1);
    assert.match(stderr, /^actor\.ts: its top level, which runs when it is built, failed: RangeError: not today\n/);
    assert.ok(stderr.includes(`at fail (${join(directory, "deeper.ts")}:3:`), stderr);
    assert.ok(stderr.includes(`${join(directory, "actor.ts")}:3:`), stderr);
    assert.doesNotMatch(stderr, /componentize-qjs/);
  },
  SLOW,
);

law(
  "a module whose default export is no actor is told by its exports",
  async (t) => {
    const { brood } = project(t, {
      "none.ts": "export const greet = 1;\n",
      "other.ts": "export const a = 1;\nexport default { greet() {} };\n",
    });
    const none = await brood("build", "none.ts");
    assert.equal(none.code, 1);
    assert.match(
      none.stderr,
      /there is no default export: the module exports greet\. Write: export default defineActor/,
    );
    const other = await brood("build", "other.ts");
    assert.equal(other.code, 1);
    assert.match(
      other.stderr,
      /the default export was not made by defineActor\(\): the module exports a, default\. Write/,
    );
  },
  SLOW,
);

law("a command line that makes no sense ends with 2, a module that is not there with 1, help with 0", async (t) => {
  const { brood } = project(t, {});
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["build", "--help"], 0, /^Usage: brood build <actor> \[-o FILE\]/],
    [["build"], 2, /^brood: build: which actor\?/],
    [["build", "a.ts", "b.ts"], 2, /one actor at a time/],
    [["build", "a.ts", "--nope"], 2, /--nope/],
    [["frobnicate"], 2, /unknown command: frobnicate/],
    [["build", "a.ts"], 1, /^there is no a\.ts\n/],
  ];
  for (const [args, expected, says] of cases) {
    const { code, stdout, stderr } = await brood(...args);
    assert.equal(code, expected, args.join(" "));
    assert.match(expected === 0 ? stdout : stderr, says);
  }
});

law("the launcher hands build over to Node", async (t) => {
  const { directory } = project(t, {});
  const { code, stdout } = await run(join(ROOT, "bin", "brood"), ["build", "--help"], { cwd: directory });
  assert.equal(code, 0);
  assert.match(stdout, /^Usage: brood build/);
});

law("without its two packages the build says how to install them", async (t) => {
  const { directory, at } = project(t, { "actor.ts": GREETER, "brood/package.json": '{ "type": "module" }' });
  mkdirSync(at("brood/dist"));
  for (const part of ["cli", "spawn", "native", "protocol", "errors", "guest"])
    cpSync(join(ROOT, "dist", part), at(`brood/dist/${part}`), { recursive: true });
  const { code, stderr } = await run(process.execPath, [at("brood/dist/cli/main.js"), "build", "actor.ts"], {
    cwd: directory,
  });
  assert.equal(code, 1);
  assert.match(stderr, /esbuild was not found\n.*componentize-qjs was not found/);
  assert.match(stderr, /npm i -D componentize-qjs@0\.4\.5 esbuild/);
});

law.run();
