// The built artifact beside a module: what fits is found, and each way in which it does not fit is told apart and with what to do.
import assert from "node:assert/strict";
import { readFileSync, rmSync, truncateSync, utimesSync } from "node:fs";
import { ArtifactError, ensureArtifact, readArtifact } from "#brood/spawn/artifact.js";
import { appendSections, readSections, type ArtifactMeta } from "#brood/spawn/artifact-format.js";
import { mapStack, SourcePositions } from "#brood/spawn/source-positions.js";
import { suite } from "../harness/law.js";
import { GREETER, project, SLOW, type Project } from "./project.js";

const law = suite("artifact");

const COMPONENT = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0);
const CORE_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const MAP = JSON.stringify({ version: 3, sources: [], names: [], mappings: "" });

const metaWith = (meta: Partial<ArtifactMeta>): ArtifactMeta => ({
  protocol: 1,
  brood: "0.1.0",
  hash: "0",
  inputs: [],
  endpoints: {},
  ...meta,
});

/** Nobody waits a second for the next look at the files. */
const later = (): void => {
  const real = performance.now.bind(performance);
  const ahead = real() + 10_000;
  performance.now = () => Math.max(real(), ahead);
};

function refusal({ url }: Project, module: string): ArtifactError {
  try {
    readArtifact(url(module));
  } catch (error) {
    assert.ok(error instanceof ArtifactError);
    return error;
  }
  throw new Error(`${module} was accepted`);
}

const FAULTS: readonly (readonly [string, Uint8Array | undefined, string, RegExp])[] = [
  ["no file", undefined, "missing", /there is no .*actor\.wasm: .*npx brood build .*actor\.ts"? -o .*actor\.wasm/],
  ["an empty file", new Uint8Array(0), "truncated", /is empty/],
  ["a text", new TextEncoder().encode("export default 1;"), "not-wasm", /is no WebAssembly/],
  ["a core module", CORE_MODULE, "core-module", /is a core WebAssembly module, and an actor is a component/],
  ["any component", COMPONENT, "not-an-actor", /is a component, but not a built actor.*component\(new URL/],
  [
    "another version of the protocol",
    appendSections(COMPONENT, metaWith({ protocol: 77, brood: "9.9.9" }), MAP),
    "protocol",
    /was built by brood 9\.9\.9 and speaks version 77 of the protocol; this brood speaks version 1\. Build it again: npx brood build/,
  ],
  [
    "a section that is no JSON",
    Uint8Array.of(...COMPONENT, 0, 18, 14, ...new TextEncoder().encode("brood:artifact"), 0x7b, 0x7b, 0x7b),
    "not-an-actor",
    /cannot read/,
  ],
];

for (const [what, bytes, reason, says] of FAULTS) {
  law(`${what} is ${reason}`, (t) => {
    const made = project(t, { "actor.ts": GREETER, ...(bytes === undefined ? {} : { "actor.wasm": bytes }) });
    const { reason: given, message, file } = refusal(made, "actor.ts");
    assert.equal(given, reason);
    assert.match(message, says);
    assert.equal(file, made.at("actor.wasm"));
  });
}

law("a file that was cut off anywhere is truncated or no actor, and never read beyond its end", (t) => {
  const whole = appendSections(COMPONENT, metaWith({}), MAP);
  const { at, write } = project(t, {});
  for (let length = 0; length < whole.length; length++) {
    write("actor.wasm", whole.subarray(0, length));
    const found = readSections(at("actor.wasm"));
    if (typeof found === "object") assert.equal(found.map, undefined); // cut between the two sections
    else assert.ok(["empty", "not-wasm", "truncated", "no-actor"].includes(found), `${length}: ${found}`);
  }
});

law("an artifact whose input has changed is stale, one whose sources are not deployed is not", (t) => {
  const hello = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"; // of "hello"
  const meta = metaWith({ inputs: [{ path: "src/actor.ts", sha256: hello }] });
  const made = project(t, { "actor.wasm": appendSections(COMPONENT, meta, MAP), "src/actor.ts": "hello" });
  assert.equal(readArtifact(made.url("actor.js")).meta.hash, "0");
  t.defer(() => delete (performance as { now?: unknown }).now);
  made.write("src/actor.ts", "hello, world");
  later();
  const stale = refusal(made, "actor.js");
  assert.equal(stale.reason, "stale");
  assert.match(
    stale.message,
    /is stale: .*actor\.ts has changed since it was built\. Build it again: npx brood build .*src.actor\.ts/,
  );
  rmSync(made.at("src"), { recursive: true });
  assert.equal(readArtifact(made.url("actor.js")).meta.hash, "0");
});

law("an artifact that was replaced is read again, one that was not is not", (t) => {
  const { at, url, write } = project(t, { "actor.wasm": appendSections(COMPONENT, metaWith({}), MAP) });
  const first = readArtifact(url("actor.js"));
  assert.equal(readArtifact(url("actor.js")), first);
  t.defer(() => delete (performance as { now?: unknown }).now);
  write("actor.wasm", appendSections(COMPONENT, metaWith({ hash: "1" }), MAP));
  utimesSync(at("actor.wasm"), 1, 1);
  later();
  assert.equal(readArtifact(url("actor.js")).meta.hash, "1");
});

law(
  "BROOD_BUILD=1 builds what is missing and what is stale, once for all who wait, and tells why it cannot",
  async (t) => {
    const made = project(t, { "actor.ts": GREETER, "broken.ts": 'import "node:fs";\n' });
    await assert.rejects(ensureArtifact(made.url("actor.js")), /there is no .*actor\.wasm/);
    process.env["BROOD_BUILD"] = "1";
    t.defer(() => delete process.env["BROOD_BUILD"]);
    const [one, two] = await Promise.all([ensureArtifact(made.url("actor.js")), ensureArtifact(made.url("actor.js"))]);
    assert.equal(one, two);
    assert.deepEqual(one.meta.endpoints, { greet: "call" });
    truncateSync(made.at("actor.wasm"), 1_000);
    t.defer(() => delete (performance as { now?: unknown }).now);
    later();
    assert.deepEqual((await ensureArtifact(made.url("actor.js"))).meta, one.meta);
    const broken = await ensureArtifact(made.url("broken.ts")).catch((error: unknown) => error);
    assert.ok(broken instanceof ArtifactError);
    assert.equal(broken.reason, "build-failed");
    assert.match(broken.message, /broken\.ts:1:\d+: node:fs/);
  },
  SLOW,
);

law("a stack of a guest is told in places of the user's source, without brood's own frames", (t) => {
  const { directory, at } = project(t, {});
  // Line 1 of the script is brood's own, line 2 is line 7 of actor.ts, shifted by 4 columns.
  const map = { version: 3, sources: ["brood:guest", "src/actor.ts"], names: [], mappings: "AAAA;ACMI" };
  const positions = new SourcePositions(JSON.stringify(map), directory);
  assert.deepEqual(positions.find(2, 1), { file: at("src/actor.ts"), line: 7, column: 5 });
  assert.equal(positions.find(1, 9), "own");
  const stack = [
    "TypeError: no",
    "    at bytes (componentize-qjs:user.js:1:20)",
    "    at fail (componentize-qjs:user.js:2:1)",
    "    at map (native)",
    "    at componentize-qjs:user.js:2:9",
    "    at #runBare (componentize-qjs:user.js:1:158)",
    "    at native (native)",
  ];
  const expected = [
    "TypeError: no",
    `    at fail (${at("src/actor.ts")}:7:5)`,
    "    at map (native)",
    `    at ${at("src/actor.ts")}:7:5`,
  ];
  assert.equal(mapStack(stack.join("\n"), positions), expected.join("\n"));
});

law("a stack of a source is told in places of its code, and text that is no frame stays as it is", () => {
  const stack =
    "Error: x\n    at b (<input>:1:71)\n    at <eval> (<input>:2:3)\n    at #start (componentize-qjs:user.js:1:2)";
  assert.equal(mapStack(stack, undefined), "Error: x\n    at b (source:1:71)\n    at source:2:3");
  for (const text of ["", "no stack at all", "at (componentize-qjs:user.js:x:y)", "Error\n".repeat(1_000)])
    assert.equal(mapStack(text, undefined).trimEnd(), text.trimEnd());
});

law("brood-js.wasm is built with the library, and is of this release", () => {
  const file = new URL(import.meta.resolve("#brood/guest/brood-js.wasm"));
  const found = readSections(file.pathname);
  assert.ok(typeof found === "object");
  assert.deepEqual(found.meta.endpoints, {});
  assert.deepEqual(found.meta.inputs, []);
  assert.ok(readFileSync(file).length < 6 * 2 ** 20);
});

law.run();
