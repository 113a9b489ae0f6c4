// Setting up: one process at a time, and words for what is missing.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { ROOT } from "../harness/checkout.js";
import { suite, type LawTask } from "../harness/law.js";
import { run, runWell } from "../harness/run.js";
import { toolingModule } from "../harness/scripts.js";

const { withLock } = await toolingModule<{ withLock<T>(path: string, body: () => Promise<T>): Promise<T> }>("lock");
const { requireNode } = await toolingModule<{ requireNode(version?: string): void }>("node-version");
const { platformName, cdylibName } = await toolingModule<{
  platformName(host: { platform: string; arch: string; musl?: boolean }): string;
  cdylibName(crate: string, platform: string): string;
}>("platform");

const law = suite("setup");

function temporary(t: LawTask): string {
  const directory = mkdtempSync(join(tmpdir(), "setup-"));
  t.defer(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A process that takes the lock, and tells in a file when it came in and went out. */
const HOLDER = `
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
const [module, lock, log, hold] = process.argv.slice(1);
const { withLock } = await import(module);
await withLock(lock, async () => {
  appendFileSync(log, "in\\n");
  process.stdout.write("held\\n");
  await sleep(Number(hold));
  appendFileSync(log, "out\\n");
});`;
const holder = (directory: string, hold: number): string[] => [
  "--input-type=module",
  "--eval",
  HOLDER,
  join(ROOT, "scripts", "lib", "lock.js"),
  join(directory, "lock"),
  join(directory, "log"),
  String(hold),
];

law("processes that set up at once do so one after the other", async (t) => {
  const directory = temporary(t);
  await Promise.all(
    Array.from({ length: 6 }, () => runWell(process.execPath, holder(directory, 20), { cwd: directory })),
  );
  assert.is(readFileSync(join(directory, "log"), "utf8"), "in\nout\n".repeat(6));
  assert.not.ok(existsSync(join(directory, "lock")));
});

law("the lock of a process that was killed is taken over", async (t) => {
  const directory = temporary(t);
  const child = spawn(process.execPath, holder(directory, 60_000), { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.ok(existsSync(join(directory, "lock")));
  assert.is(await withLock(join(directory, "lock"), async () => "taken"), "taken");
});

law(
  "the lock of a process whose id was given to another is taken over",
  async (t) => {
    const lock = join(temporary(t), "lock");
    mkdirSync(lock);
    // This process lives, but did not start then.
    writeFileSync(join(lock, `${process.pid}-1`), "");
    assert.is(await withLock(lock, async () => "taken"), "taken");
  },
  { skip: process.platform !== "linux" },
);

law("a failure releases the lock", async (t) => {
  const lock = join(temporary(t), "lock");
  const error = await withLock(lock, () => Promise.reject(new Error("no"))).catch((caught: Error) => caught.message);
  assert.is(error, "no");
  assert.is(await withLock(lock, async () => "again"), "again");
});

law("a Node that is too old is refused in words", () => {
  assert.throws(() => requireNode("20.18.3"), /needs Node 20\.19 or newer, and this is 20\.18\.3/);
  for (const version of ["20.19.0", "22.0.0", "26.1.0"]) requireNode(version);
});

law("without cargo it is said what is missing, why, and how to get it", async (t) => {
  const directory = temporary(t);
  symlinkSync(process.execPath, join(directory, "node"));
  const module = JSON.stringify(join(ROOT, "scripts", "lib", "cargo.js"));
  const code = `import { requireCargo } from ${module}; await requireCargo().catch((error) => { console.error(error.message); process.exit(1); });`;
  const { code: status, stderr } = await run(process.execPath, ["--input-type=module", "--eval", code], {
    cwd: directory,
    env: { PATH: directory },
  });
  assert.is(status, 1);
  assert.match(stderr, /cargo was not found on PATH.*native addon written in Rust.*https:\/\/rustup\.rs/s);
});

law("platforms are named as napi-rs names them", () => {
  assert.is(platformName({ platform: "linux", arch: "x64", musl: false }), "linux-x64-gnu");
  assert.is(platformName({ platform: "linux", arch: "arm64", musl: true }), "linux-arm64-musl");
  assert.is(platformName({ platform: "linux", arch: "arm", musl: false }), "linux-arm-gnueabihf");
  assert.is(platformName({ platform: "darwin", arch: "arm64", musl: false }), "darwin-arm64");
  assert.is(platformName({ platform: "win32", arch: "x64", musl: false }), "win32-x64-msvc");
  assert.is(cdylibName("brood-forkserver-node", "linux"), "libbrood_forkserver_node.so");
  assert.is(cdylibName("brood-forkserver-node", "darwin"), "libbrood_forkserver_node.dylib");
  assert.is(cdylibName("brood-forkserver-node", "win32"), "brood_forkserver_node.dll");
});

law.run();
