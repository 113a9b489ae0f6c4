// The runner judges files from outside: what it must notice, it notices.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { suite } from "../harness/law.js";
import { toolingModule } from "../harness/scripts.js";

interface Result {
  readonly passed: number;
  readonly skipped: readonly string[];
  readonly notes: readonly string[];
  readonly failures: readonly { readonly name: string; readonly text: string }[];
  readonly output: string;
}
/** What the runner allows a process after its last law; short here. */
const LINGER = 500;
const { runTestFile } = await toolingModule<{
  runTestFile(file: string, options?: { linger?: number }): Promise<Result>;
}>("test-file");

const law = suite("test runner");
const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}.js`, import.meta.url));
const onLinux = process.platform === "linux";

async function runLaws(...names: string[]): Promise<Result> {
  process.env["FIXTURE_LAWS"] = names.join(",");
  return runTestFile(fixture("laws"), { linger: LINGER });
}

function failure(result: Result): { name: string; text: string } {
  assert.is(result.failures.length, 1, JSON.stringify(result));
  return result.failures[0]!;
}

law("laws that hold are counted", async () => {
  const result = await runLaws("holds", "cleansUp");
  assert.is(result.passed, 2);
  assert.equal(result.failures, []);
});

law("a law that fails is told with its message and its line in the source", async () => {
  const result = await runLaws("holds", "fails");
  assert.is(result.passed, 1);
  assert.is(failure(result).name, "fixture: one is two");
  assert.match(failure(result).text, /Expected values to be strictly equal/);
  assert.match(failure(result).text, /laws\.ts:\d+/);
});

law("what a law notes is told though it holds", async () => {
  const result = await runLaws("notes");
  assert.is(result.passed, 1);
  assert.equal(result.notes, ["two processors"]);
});

law("a law may throw what is no error", async () => {
  assert.match(failure(await runLaws("throwsText")).text, "text");
});

law("deferred work runs in reverse order", async () => {
  const { output } = await runLaws("cleansUp", "fails");
  assert.ok(output.indexOf("second deferred") < output.indexOf("first deferred"));
});

law("a law that waits for ever is ended at its deadline, and what it waits for is told", async () => {
  const result = await runLaws("waits", "holds");
  assert.is(failure(result).name, "fixture: waits for ever");
  assert.match(failure(result).text, /waited 300 ms.*kept by: .*Timeout.*processes:/s);
});

law("a law that hangs while it has a nursery shows the dump", async () => {
  assert.match(failure(await runLaws("hangs")).text, /kept by: .*what its actors do:\n.*nursery hung +open/s);
});

law("a file has a directory for temporary files to itself, and what it leaves there is told and removed", async () => {
  const [first, second] = await Promise.all([runLaws("litters"), runLaws("holds")]);
  assert.match(failure(first).text, /these temporary files were removed:\n {2}litter$/);
  assert.equal(second.failures, []);
  assert.ok(!existsSync(join(tmpdir(), "litter")));
});

law("a law that blocks the event loop is ended at its deadline", async () => {
  assert.match(failure(await runLaws("spins")).text, /did not answer/);
});

law("a law whose promise nothing can settle fails", async () => {
  assert.match(failure(await runLaws("forgets")).text, /during the law "fixture: waits for nothing"/);
});

law("a process that leaves with code 0 in the middle of a law fails", async () => {
  assert.match(failure(await runLaws("exits")).text, /ended with code 1 during the law/);
});

law("a process that does not end after its last law fails", async () => {
  const result = await runLaws("lingers");
  assert.is(result.passed, 1);
  assert.match(failure(result).text, /to end after its last law.*kept by: .*Timeout/s);
});

law(
  "a process in a session of its own that outlives its file is found and killed",
  async () => {
    const result = await runLaws("orphans");
    assert.match(failure(result).text, /\/bin\/sleep 47/);
    const commands = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(commandLine);
    assert.not.ok(commands.includes("/bin/sleep\x0047\x00"));
  },
  { skip: !onLinux },
);

law("a hook before the first law that fails is told with every law that did not run", async () => {
  const result = await runLaws("before", "holds", "cleansUp");
  assert.is(result.passed, 0);
  assert.is(result.failures.length, 2);
  assert.match(result.failures[0]!.text, "cannot begin");
});

law("a hook after the last law that fails is a failure", async () => {
  const result = await runLaws("after", "holds");
  assert.is(result.passed, 1);
  assert.match(failure(result).text, "cannot end");
});

law("a hook after each law that fails is a failure of that law", async () => {
  const result = await runLaws("each", "holds", "cleansUp");
  assert.is(result.passed, 0);
  assert.is(result.failures.length, 2);
  assert.match(result.failures[0]!.text, "not clean");
});

law("a skip is told by its name", async () => {
  assert.equal((await runLaws("holds", "skips")).skipped, ["fixture: is not run"]);
});

law("plain uvu files are counted by their totals", async () => {
  const result = await runTestFile(fixture("plain"));
  assert.is(result.passed, 1);
  assert.match(result.output, /Expected values to be strictly equal/);
  assert.is(result.failures.length, 2, "one that fails, and skips that nobody can name");
});

law("a file that cannot be loaded fails", async () => {
  assert.match(failure(await runTestFile(fixture("missing"))).text, /ended with code 1 before it told its totals/);
});

law.run();

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
