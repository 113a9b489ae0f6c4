// Laws of SIGINT in programs that were written without much thought of it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "./harness/law.js";

const law = suite("signals");

/** Runs a program that says "ready", sends it SIGINT, and tells how it ended and what its actor noted. */
async function interrupted(
  t: { defer(cleanUp: () => unknown): void },
  body: string,
): Promise<{ code: number | null; signal: string | null; stderr: string; noted: string }> {
  const directory = mkdtempSync(join(tmpdir(), "signals-"));
  t.defer(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, "noted");
  const program = `
    import { actor, openNursery } from ${JSON.stringify(import.meta.resolve("brood"))};
    const worker = actor(new URL(${JSON.stringify(import.meta.resolve("#brood/testing/actors/worker.js"))}));
    const file = ${JSON.stringify(file)};
    const nursery = await openNursery();
    const portal = await nursery.start(worker, { name: "worker" });
    ${body}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "pipe"] });
  t.defer(() => child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.on("data", (text) => (stderr += text));
  await once(child.stdout, "data");
  child.kill("SIGINT");
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { code, signal, stderr, noted: existsSync(file) ? readFileSync(file, "utf8") : "" };
}

law(
  "a program that holds its nursery in a variable, and awaits a call at its top level, ends by the signal after its actors' finally",
  async (t) => {
    const end = await interrupted(
      t,
      `const call = portal.call("wait", file); await portal.call("add", 1, 2); console.log("ready"); await call;`,
    );
    assert.deepEqual(end, { code: null, signal: "SIGINT", stderr: "", noted: "finally\n" });
  },
);

law("an error of the program's own during the teardown ends it as ever", async (t) => {
  const end = await interrupted(
    t,
    `nursery.signal.addEventListener("abort", () => { setImmediate(() => { throw new RangeError("own"); }); });
     portal.call("wait", file); await portal.call("add", 1, 2); console.log("ready"); await nursery.join();`,
  );
  assert.equal(end.code, 1);
  assert.match(end.stderr, /RangeError: own/);
});

law.run();
