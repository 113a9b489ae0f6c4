// A file that the addon writes has all of its bytes or is not there, whenever its writer is killed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadForkserver } from "#brood/native/load.js";
import { until } from "#brood/testing/gate.js";
import { suite, type LawTask } from "../harness/law.js";

const law = suite("native: whole files");
const BYTES = 4 * 1024 * 1024;

function scratch(t: LawTask): string {
  const directory = mkdtempSync(join(tmpdir(), "whole-"));
  t.defer(() => rmSync(directory, { recursive: true }));
  return directory;
}

law(
  "it replaces what was there, is its owner's alone, and what cannot be written has the name of its errno",
  async (t) => {
    const directory = scratch(t);
    const { writeWhole } = loadForkserver();
    const file = join(directory, "code");
    for (const length of [10, 5, 0]) {
      writeWhole(file, new Uint8Array(length));
      assert.deepEqual([statSync(file).size, statSync(file).mode & 0o777], [length, 0o600]);
    }
    assert.throws(() => writeWhole(join(directory, "none", "code"), new Uint8Array(1)), { code: "ENOENT" });
    assert.throws(() => writeWhole("/proc/code", new Uint8Array(1)));
    assert.deepEqual(readdirSync(directory), ["code"]);
  },
);

law(
  "a writer that is killed at any moment leaves nothing or the whole",
  async (t) => {
    const directory = scratch(t);
    const program = `
      const { loadForkserver } = await import(${JSON.stringify(import.meta.resolve("#brood/native/load.js"))});
      const bytes = new Uint8Array(${BYTES});
      process.stdout.write("now");
      for (let at = 0; ; at++) loadForkserver().writeWhole(${JSON.stringify(directory)} + "/" + at, bytes);
    `;
    for (let round = 0; round < 10; round++) {
      const writer = spawn(process.execPath, ["--input-type=module", "-e", program], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(writer.stdout, "data");
      await until("one is whole", () => readdirSync(directory).length > 0);
      await sleep(Math.random() * 20);
      writer.kill("SIGKILL");
      await once(writer, "close");
      for (const name of readdirSync(directory)) {
        assert.equal(statSync(join(directory, name)).size, BYTES);
        rmSync(join(directory, name));
      }
    }
  },
  { deadline: 60_000 },
);

law.run();
