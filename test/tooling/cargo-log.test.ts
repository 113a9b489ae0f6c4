// What cargo prints is counted as cargo means it.
import * as assert from "uvu/assert";
import { suite } from "../harness/law.js";
import { toolingModule } from "../harness/scripts.js";

interface Program {
  readonly path: string;
  readonly passed: number;
  readonly skipped: readonly string[];
  readonly failures: readonly { readonly name: string; readonly text: string }[];
}
const { readLog } = await toolingModule<{
  readLog(text: string, ms: number, end: { killed: boolean; code: number | null }): Program[];
}>("cargo-test");
const law = suite("cargo log");

const LOG = `    Finished \`test\` profile [optimized + debuginfo] target(s) in 0.10s
     Running unittests src/lib.rs (target/debug/deps/brood_forkserver-0123456789abcdef)

running 2 tests
test lifeline::dies ... ok
test watcher::slow ... ignored

test result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.25s

     Running tests/groups.rs (target/debug/deps/groups-0123456789abcdef)

running 1 test
test a_group_is_killed ... FAILED

failures:

---- a_group_is_killed stdout ----
thread 'a_group_is_killed' panicked at crates/forkserver/tests/groups.rs:7:5

test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s

   Doc-tests brood_forkserver

running 0 tests

test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
`;

law("each program is counted, with its failures and skips by name", () => {
  const programs = readLog(LOG, 0, { killed: false, code: 101 });
  assert.equal(
    programs.map(({ path, passed, skipped, failures }) => [path, passed, skipped, failures.map(({ name }) => name)]),
    [
      ["brood_forkserver unittests src/lib.rs", 1, ["watcher::slow"], []],
      ["groups tests/groups.rs", 0, [], ["a_group_is_killed"]],
    ],
  );
});

law("a program that crashes is a failure", () => {
  const [lib] = readLog(LOG.slice(0, LOG.indexOf("test result")), 0, { killed: false, code: 101 });
  assert.is(lib!.failures[0]!.text, "ended without a result");
});

law("cargo that fails without a failing test is a failure", () => {
  const programs = readLog("error: no such command", 0, { killed: false, code: 101 });
  assert.is(programs.length, 1);
  assert.is(programs[0]!.failures[0]!.text, "ended with code 101");
});

law.run();
