// Laws of the cache of an actor's compiled entry: it is private, it is written whole, and nothing depends on it.
import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "./harness/checkout.js";
import { suite } from "./harness/law.js";

const law = suite("code cache");
const run = promisify(execFile);

/** A host of its own, since a process looks for the directory once: starts `count` actors, one after the other. */
const host = (cache: string, count = 1, flags: string[] = []): Promise<{ stdout: string }> => {
  const program = `
    import { actor, withNursery } from ${JSON.stringify(import.meta.resolve("brood"))};
    const worker = actor(new URL(${JSON.stringify(import.meta.resolve("#brood/testing/actors/worker.js"))}));
    await withNursery(async (nursery) => {
      for (let n = 0; n < ${count}; n += 1) console.log(await nursery.run(worker, "add", [1, 2], { spawn: "exec", execArgv: ${JSON.stringify(flags)} }));
    });`;
  return run(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...process.env, BROOD_CACHE_DIR: cache },
  });
};

const scratch = (t: { defer(cleanUp: () => unknown): void }): string => {
  const directory = mkdtempSync(join(tmpdir(), "cache-"));
  t.defer(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, "brood");
};

law("the first actor writes the cache, for this user alone, and the next ones use it as it is", async (t) => {
  const cache = scratch(t);
  await host(cache);
  const [file, ...others] = readdirSync(cache);
  assert.deepEqual(others, []);
  assert.equal(statSync(cache).mode & 0o777, 0o700);
  const path = join(cache, file as string);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const { mtimeMs, ino } = statSync(path);
  await host(cache, 2);
  assert.deepEqual(readdirSync(cache), [file]);
  assert.equal(statSync(path).mtimeMs, mtimeMs);
  assert.equal(statSync(path).ino, ino);
});

law("brood run writes a cache of its own when it runs first, whole, and uses it as it is from then on", async (t) => {
  const cache = scratch(t);
  const start = (): Promise<{ stdout: string }> =>
    run("sh", [join(ROOT, "bin", "brood"), "run", "--print", "6 * 7"], {
      env: {
        ...process.env,
        BROOD_CACHE_DIR: cache,
        PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}`,
      },
    });
  assert.equal((await start()).stdout, "42\n");
  const [name, ...others] = readdirSync(cache);
  assert.deepEqual(others, []);
  const path = join(cache, name as string);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const { mtimeMs, ino } = statSync(path);
  assert.equal((await start()).stdout, "42\n");
  assert.deepEqual([statSync(path).mtimeMs, statSync(path).ino], [mtimeMs, ino]);
  // What another Node would have written, or half of it, is no code: it is written again.
  writeFileSync(path, readFileSync(path).subarray(0, 10_000));
  assert.equal((await start()).stdout, "42\n");
  assert.ok(statSync(path).size > 100_000);
});

law("a cache that is garbage, cut or empty costs nothing but time, and is written anew", async (t) => {
  const cache = scratch(t);
  await host(cache);
  const path = join(cache, readdirSync(cache)[0] as string);
  const good = readFileSync(path);
  for (const bad of [
    Buffer.from("garbage"),
    good.subarray(0, good.length >> 1),
    Buffer.alloc(0),
    Buffer.alloc(good.length),
  ]) {
    writeFileSync(path, bad);
    assert.equal((await host(cache)).stdout, "3\n");
    assert.ok(readFileSync(path).length > bad.length >> 1);
    assert.notDeepEqual(readFileSync(path), bad);
  }
});

law("flags of V8 have a cache of their own", async (t) => {
  const cache = scratch(t);
  await host(cache);
  await host(cache, 1, ["--max-old-space-size=64"]);
  assert.equal(readdirSync(cache).length, 2);
});

law("a directory that others may write to, or that is a link, is not used, and actors start", async (t) => {
  const cache = scratch(t);
  mkdirSync(cache, { mode: 0o700 });
  chmodSync(cache, 0o770);
  assert.equal((await host(cache)).stdout, "3\n");
  assert.deepEqual(readdirSync(cache), []);
  chmodSync(cache, 0o700);
  const link = `${cache}-link`;
  symlinkSync(cache, link);
  assert.equal((await host(link)).stdout, "3\n");
  assert.deepEqual(readdirSync(cache), []);
});

law("ten actors that start at once leave one whole cache and nothing beside it", async (t) => {
  const cache = scratch(t);
  await Promise.all(Array.from({ length: 5 }, () => host(cache, 2)));
  assert.equal(readdirSync(cache).length, 1);
});

law.run();
