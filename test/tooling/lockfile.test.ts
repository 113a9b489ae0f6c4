// A lockfile that a poor registry left incomplete is completed, by what is certain and nothing else.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { ROOT } from "../harness/checkout.js";
import { suite } from "../harness/law.js";
import { toolingModule } from "../harness/scripts.js";

interface Lockfile {
  packages: Record<string, unknown>;
}
const { completeLockfile } = await toolingModule<{ completeLockfile(lockfile: Lockfile): string[] }>("lockfile");
const law = suite("lockfile");

law("an optional package that is missing is entered with its platform", () => {
  const optionalDependencies = {
    "@x/binding-linux-arm64-musl": "1.2.3",
    "@x/binding-win32-x64-msvc": "1.2.3",
    "@x/binding-wasm32-wasi": "1.2.3-beta.1",
    "@x/binding-linux-x64-gnu": "1.2.3",
    "@x/unpinned-darwin-x64": "^1.2.3",
    fsevents: "2.3.3",
  };
  const there = { version: "1.2.3", integrity: "sha512-x" };
  const lockfile: Lockfile = {
    packages: { "node_modules/x": { optionalDependencies, dev: true }, "node_modules/@x/binding-linux-x64-gnu": there },
  };
  assert.is(completeLockfile(lockfile).length, 3);
  const common = { dev: true, optional: true };
  assert.equal(lockfile.packages, {
    "node_modules/@x/binding-linux-arm64-musl": {
      version: "1.2.3",
      os: ["linux"],
      cpu: ["arm64"],
      libc: ["musl"],
      ...common,
    },
    "node_modules/@x/binding-linux-x64-gnu": there,
    "node_modules/@x/binding-wasm32-wasi": { version: "1.2.3-beta.1", cpu: ["wasm32"], ...common },
    "node_modules/@x/binding-win32-x64-msvc": { version: "1.2.3", os: ["win32"], cpu: ["x64"], ...common },
    "node_modules/x": { optionalDependencies, dev: true },
  });
});

law("the lockfile of this checkout is complete", () => {
  const lockfile = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as Lockfile;
  assert.equal(completeLockfile(lockfile), []);
});

law.run();
