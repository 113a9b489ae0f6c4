// A forked actor leaves as a fresh process does: the same exit, the same listeners, the same words; also after collections of garbage
// and after libuv's threads were used, which is where Node's own way out would hang.
import assert from "node:assert/strict";
import { actor, openNursery, type Exit } from "brood";
import { leakCheck } from "../harness/leaks.js";
import { suite } from "../harness/law.js";

const law = suite("forkserver: exits");
const leaks = leakCheck();
const leaver = actor<typeof import("#brood/testing/actors/ways-out.js")>(
  new URL(import.meta.resolve("#brood/testing/actors/ways-out.js")),
);

interface Left {
  readonly method: string;
  readonly exit: Exit;
  readonly lines: readonly string[];
  readonly ms: number;
}

async function leave(spawn: "forkserver" | "exec", way: string, busy: boolean): Promise<Left> {
  await using nursery = await openNursery({ onDeath: "report" });
  const lines: string[] = [];
  const portal = await nursery.start(leaver, {
    name: "leaver",
    spawn,
    stdio: ({ stream, text }) => void lines.push(`${stream} ${text}`),
  });
  assert.equal(portal.spawnMethod, spawn, portal.spawnReason);
  portal.call("leave", way, busy).catch(() => {});
  const from = performance.now();
  const exit = await portal.exited;
  return { method: portal.spawnMethod, exit, lines, ms: performance.now() - from };
}

/** What is the same whoever printed it: the listeners' words, and which error it was. */
function said(lines: readonly string[]): string[] {
  // Of what is no error, Node knows the line and brood does not.
  return lines
    .filter((line) => !/throw "a text"|trace-uncaught/.test(line))
    .filter((line) =>
      /listener|thrown|rejected|Range|Type|a text|Maximum call stack|Node\.js v/.test(line.replace(/ {4}at .*/, "")),
    );
}

const WAYS = [
  "exit(0)",
  "exit(7)",
  "exitCode and exit()",
  "exitCode in a listener",
  "reallyExit",
  "abort",
  "SIGTERM",
  "SIGKILL",
  "SIGSEGV",
  "an error in a callback",
  "an error in a tick",
  "a rejection",
  "a value that is no error",
  "an overflow of the stack",
  "a listener that throws",
  "a listener that throws, of an error",
  "an error that a listener handles",
  "after a Worker that was terminated",
] as const;

law.before(async () => {
  await leave("forkserver", "exit(0)", false);
  leaks.snapshot();
});

law("the ways below are all that there are", async () => {
  await using nursery = await openNursery();
  assert.deepEqual(await nursery.run(leaver, "ways", []), WAYS);
});

for (const way of WAYS) {
  for (const busy of [false, true]) {
    law(`${way}${busy ? ", after garbage was collected and the pool used" : ""}: as a fresh process does`, async () => {
      const [forked, fresh] = [await leave("forkserver", way, busy), await leave("exec", way, busy)];
      const bare = (exit: Exit): unknown =>
        exit.kind === "failed" ? { kind: exit.kind, message: exit.error.message } : exit;
      assert.deepEqual(bare(forked.exit), bare(fresh.exit));
      assert.deepEqual(said(forked.lines), said(fresh.lines));
      assert.ok(forked.ms < 2_000, `${forked.ms} ms`);
      await leaks.assertSame();
    });
  }
}

law.run();
