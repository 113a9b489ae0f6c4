// How an export of a component is named: in full, or without the version where only one matches.
import fc from "fast-check";
import * as assert from "uvu/assert";
import { resolveExport } from "#brood/context/export-names.js";
import { suite } from "../harness/law.js";

const law = suite("export names");

const table = (...names: string[]): Map<string, { unsupported: undefined }> =>
  new Map(names.map((name) => [name, { unsupported: undefined }]));

law("a full name stands for itself", () => {
  const exports = table("add", "acme:md/api@0.1.0#render", "acme:md/api#render", "x:y/z@1.0.0-rc.1+b#f");
  for (const name of exports.keys()) assert.equal(resolveExport(exports, name), { kind: "found", name });
});

law("without its version a name stands for the only one that matches", () => {
  const exports = table("acme:md/api@0.1.0#render", "acme:md/api@0.1.0#toc", "acme:md/other@2.0.0-rc.1+b#render");
  for (const [given, name] of [
    ["acme:md/api#render", "acme:md/api@0.1.0#render"],
    ["acme:md/api#toc", "acme:md/api@0.1.0#toc"],
    ["acme:md/other#render", "acme:md/other@2.0.0-rc.1+b#render"],
  ] as const)
    assert.equal(resolveExport(exports, given), { kind: "found", name });
});

law("where several versions match, none is chosen", () => {
  const names = ["acme:md/api@0.1.0#render", "acme:md/api@0.2.0#render"];
  assert.equal(resolveExport(table(...names), "acme:md/api#render"), { kind: "ambiguous", names });
});

law("anything else stands for nothing", () => {
  const exports = table("add", "acme:md/api@0.1.0#render");
  for (const name of [
    "",
    "render",
    "#render",
    "acme:md/api",
    "acme:md/api@0.1.0",
    "acme:md/api@0.2.0#render",
    "Add",
    "add#",
  ])
    assert.equal(resolveExport(exports, name), { kind: "none" });
  fc.assert(
    fc.property(fc.string(), (name) => {
      assert.is(resolveExport(exports, name).kind === "found", name === "add" || name.startsWith("acme:md/api"));
    }),
  );
});

law.run();
