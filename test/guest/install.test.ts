// The globals as a whole: what is there, how, and what is not; randomness and time of instances; errors that nobody catches.
import * as assert from "uvu/assert";
import { build } from "esbuild";
import { fileURLToPath } from "node:url";
import { suite } from "../harness/law.js";
import { openRealm } from "./realm.js";

const law = suite("guest globals");

const GLOBALS = [
  "AbortController",
  "AbortSignal",
  "clearInterval",
  "clearTimeout",
  "console",
  "crypto",
  "CustomEvent",
  "Event",
  "EventTarget",
  "performance",
  "queueMicrotask",
  "setInterval",
  "setTimeout",
  "structuredClone",
  "TextDecoder",
  "TextEncoder",
  "URL",
  "URLSearchParams",
];

law("each global is there, and is seen by no loop over globalThis", async () => {
  const realm = await openRealm();
  for (const name of GLOBALS) {
    const found = realm.run(
      `Object.getOwnPropertyDescriptor(globalThis, ${JSON.stringify(name)})`,
    ) as PropertyDescriptor;
    assert.ok(found?.value !== undefined, name);
    assert.equal([found.writable, found.configurable, found.enumerable], [true, true, false], name);
    if (typeof found.value === "function") assert.is((found.value as { name: string }).name, name);
  }
});

for (const name of ["fetch", "process", "require", "Buffer", "setImmediate", "window", "self", "global"]) {
  law(`${name} is not defined`, async () => {
    const realm = await openRealm();
    assert.is(
      realm.run(`try { ${name} } catch (error) { error.name + ": " + error.message }`),
      `ReferenceError: ${name} is not defined`,
    );
  });
}

law("the prelude has less than 40 KB", async () => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(import.meta.resolve("#brood/actor/guest/install.js"))],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
  });
  assert.ok((outputFiles[0]?.contents.length ?? Infinity) < 40 * 1024, String(outputFiles[0]?.contents.length));
});

law("two instances of one snapshot draw other numbers, and one host's the same", async () => {
  const draw = "JSON.stringify([Math.random(), Math.random(), crypto.randomUUID()])";
  const [one, two, again] = await Promise.all(["1", "2", "1"].map((seed) => openRealm({ seed })));
  const [a, b, c] = [one, two, again].map((realm) => realm?.run(draw) as string);
  assert.is.not(a, b);
  assert.is(a, c);
});

law("a snapshot that has drawn numbers draws fresh ones in its instance", async () => {
  const drawn: unknown[] = [];
  for (const seed of ["1", "2"]) {
    const realm = await openRealm({ live: false, seed });
    const built = realm.run("Math.random()") as number;
    realm.start();
    drawn.push(built, realm.run("Math.random()"));
  }
  const [built, first, builtToo, second] = drawn;
  assert.is(built, builtToo);
  assert.is.not(first, second);
  assert.is.not(first, built);
});

law("random numbers are in [0, 1), and are spread evenly", async () => {
  const realm = await openRealm();
  const buckets = realm.run(`
    const buckets = new Array(16).fill(0);
    for (let i = 0; i < 160_000; i++) { const x = Math.random(); if (!(x >= 0 && x < 1)) throw new Error(String(x)); buckets[Math.floor(x * 16)]++ }
    buckets`) as number[];
  // Within six standard deviations of 10,000.
  for (const count of buckets) assert.ok(Math.abs(count - 10_000) < 600, String(count));
});

law("a UUID is one of version 4", async () => {
  const realm = await openRealm();
  const uuids = new Set<string>();
  for (let i = 0; i < 100; i++) uuids.add(realm.run("crypto.randomUUID()") as string);
  assert.is(uuids.size, 100);
  for (const uuid of uuids) assert.match(uuid, /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
});

law("getRandomValues fills the view that it is given, and nothing around it", async () => {
  const realm = await openRealm();
  realm.run(
    `globalThis.bytes = new Uint8Array(100); globalThis.given = new Uint32Array(bytes.buffer, 8, 20); globalThis.back = crypto.getRandomValues(given)`,
  );
  assert.ok(realm.run("back === given"));
  assert.ok(
    realm.run("bytes.subarray(0, 8).every((byte) => byte === 0) && bytes.subarray(88).every((byte) => byte === 0)"),
  );
  assert.ok(realm.run("new Set(given).size > 15"));
  for (const [code, name] of [
    ["new Float64Array(1)", "TypeMismatchError"],
    ["[1]", "TypeMismatchError"],
    ["new DataView(new ArrayBuffer(1))", "TypeMismatchError"],
    ["new Uint8Array(65537)", "QuotaExceededError"],
  ] as const)
    assert.is(realm.run(`try { crypto.getRandomValues(${code}) } catch (error) { error.name }`), name);
  assert.is(realm.run("crypto.getRandomValues(new BigUint64Array(8192)).length"), 8192);
  assert.is(realm.run("crypto.getRandomValues(new Uint8Array(0)).length"), 0);
});

law("crypto refuses while the actor is built, and says where it belongs", async () => {
  const realm = await openRealm({ live: false });
  for (const call of ["randomUUID()", "getRandomValues(new Uint8Array(4))"])
    assert.match(
      realm.run(`try { crypto.${call} } catch (error) { error.message }`) as string,
      /while the actor was built.*setup\(\)/,
    );
});

law("text works while the actor is built", async () => {
  const realm = await openRealm({ live: false });
  assert.is(
    realm.run(`new TextDecoder().decode(new TextEncoder().encode("\u00e9\u65e5\u{1f41d}x"))`),
    "\u00e9\u65e5\u{1f41d}x",
  );
});

law("the clock begins with the instance and never goes back", async () => {
  const realm = await openRealm({ live: false });
  realm.pass(500);
  realm.start();
  assert.is(realm.run("performance.now()"), 0);
  realm.pass(7);
  assert.is(realm.run("performance.now()"), 7);
  assert.is(realm.run("performance.timeOrigin + performance.now() - Date.now()"), 0);
  realm.pass(-5);
  assert.is(realm.run("performance.now()"), 7);
});

law("what a microtask throws is fatal, and the others run", async () => {
  const realm = await openRealm();
  realm.run(
    `globalThis.log = []; queueMicrotask(() => { throw new Error("thrown") }); queueMicrotask(async () => { throw new Error("rejected") }); queueMicrotask(() => log.push("x"))`,
  );
  await realm.live(1);
  assert.equal(
    realm.host.errors.map((error) => (error as Error).message),
    ["thrown", "rejected"],
  );
  assert.equal([...(realm.run("log") as string[])], ["x"]);
  assert.is(realm.run(`try { queueMicrotask(1) } catch (error) { error.name }`), "TypeError");
});

law.run();
