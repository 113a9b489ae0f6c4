// What must not be in a tracked file is found, and nothing else is. The samples are put together so that they are not found here.
import * as assert from "uvu/assert";
import { suite } from "../harness/law.js";
import { toolingModule } from "../harness/scripts.js";

const { uncleanIn } = await toolingModule<{ uncleanIn(path: string, text: string): string[] }>("hygiene");
const law = suite("hygiene");

const found = (path: string, ...lines: string[]): number => uncleanIn(path, lines.join("\n")).length;

law("paths of a machine are found, with their line", () => {
  const [complaint] = uncleanIn("docs/x.md", ["first", `see /${"home"}/jane/brood`].join("\n"));
  assert.match(complaint!, /^docs\/x\.md:2: a path of somebody's machine: /);
  for (const path of ["root/x", "work/x", "Users/jane/x"]) assert.is(found("x.md", `/${path}`), 1, path);
  assert.is(found("x.md", `C:\\${"Users"}\\jane`), 1);
});

law("paths that stand for anybody's are not", () => {
  for (const path of [
    "/home/user/x",
    "/Users/you/x",
    "./work/x",
    "docs/root/x",
    "https://example.org/work/x",
    "/work",
  ]) {
    assert.is(found("x.md", path), 0, path);
  }
});

law("hosts of registries are found", () => {
  assert.is(found("x.md", `https://${"registry"}.npmjs.org/x`), 1);
  assert.is(found("package-lock.json", `"${"resolved"}": "https://example.org/x.tgz"`), 1);
  assert.is(found("Cargo.lock", 'source = "registry+https://github.com/rust-lang/crates.io-index"'), 0);
});

law("a lint exception needs its reason", () => {
  const directive = `// ${"oxlint"}-disable-next-line no-console`;
  assert.is(found("x.ts", directive), 1);
  assert.is(found("x.ts", `${directive} -- the user asked for it`), 0);
  assert.is(found("x.rs", `#[${"allow"}(dead_code)]`), 1);
  assert.is(found("x.rs", '#[allow(dead_code, reason = "read by C")]'), 0);
});

law.run();
