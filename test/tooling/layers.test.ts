// Each rule of the layering lint (scripts/lib/layers.js) fails when it is broken.
import { createRequire } from "node:module";
import * as assert from "uvu/assert";
import { suite } from "../harness/law.js";
import { toolingModule } from "../harness/scripts.js";

const { breachesIn } = await toolingModule<{
  breachesIn(files: Map<string, string>, typescript: unknown): string[];
}>("layers");
const typescript: unknown = createRequire(import.meta.url)("typescript");
const law = suite("layers");

const breaches = (path: string, text: string): string[] => breachesIn(new Map([[path, text]]), typescript);

function refused(path: string, text: string, words: RegExp): void {
  const found = breaches(path, text);
  assert.is(found.length, 1, `${path}: ${text}: ${JSON.stringify(found)}`);
  assert.match(found[0]!, words);
}

const downward = [
  ["cli", "index"],
  ["entry", "index"],
  ["index", "testing"],
  ["index", "observe"],
  ["testing", "supervisor"],
  ["observe", "supervisor"],
  ["supervisor", "registry"],
  ["registry", "nursery"],
  ["nursery", "portal"],
  ["portal", "context"],
  ["context", "stream"],
  ["stream", "protocol"],
  ["protocol", "errors"],
  ["nursery", "spawn"],
  ["spawn", "native"],
  ["spawn", "protocol"],
  ["native", "errors"],
  ["actor", "context"],
  ["protocol", "vendor"],
] as const;

const path = (layer: string): string => (layer === "index" ? "ts/index.ts" : `ts/${layer}/x.ts`);
const specifier = (from: string, to: string): string =>
  from === "index" ? `./${to}/x.js` : to === "index" ? "../index.js" : `../${to}/x.js`;

for (const [upper, lower] of downward) {
  law(`${upper} may import ${lower}, and not the other way round`, () => {
    assert.equal(breaches(path(upper), `import { x } from "${specifier(upper, lower)}";`), []);
    refused(
      path(lower),
      `import { x } from "${specifier(lower, upper)}";`,
      new RegExp(`${lower} must not import ${upper}`),
    );
  });
}

law("what is further down may be imported too", () => {
  assert.equal(breaches("ts/portal/x.ts", 'import "../errors/x.js"; import "../protocol/x.js";'), []);
});

law("every way to import counts: for the type, for the effect, later, in a type, and to export again", () => {
  for (const text of [
    'import type { X } from "../portal/x.js";',
    'import "../portal/x.js";',
    'export const load = () => import("../portal/x.js");',
    'export type X = import("../portal/x.js").X;',
    'export { x } from "../portal/x.js";',
  ]) {
    refused("ts/errors/x.ts", text, /errors must not import portal/);
  }
});

law("branches do not import each other", () => {
  refused("ts/portal/x.ts", 'import "../spawn/x.js";', /portal must not import spawn/);
  refused("ts/native/x.ts", 'import "../protocol/x.js";', /native must not import protocol/);
  refused("ts/actor/x.ts", 'import "../portal/x.js";', /actor must not import portal/);
  refused("ts/actor/x.ts", 'import "../nursery/x.js";', /actor must not import nursery/);
  refused("ts/cli/x.ts", 'import "../entry/x.js";', /cli must not import entry/);
});

law("vendored code is imported by protocol only", () => {
  refused("ts/context/x.ts", 'import "../vendor/msgpackr.js";', /context must not import vendor/);
  refused("ts/nursery/x.ts", 'import "../vendor/msgpackr.js";', /nursery must not import vendor/);
});

law("what runs inside guests has no Node", () => {
  for (const layer of ["actor", "context", "stream", "protocol", "errors"]) {
    refused(`ts/${layer}/x.ts`, 'import { Socket } from "node:net";', /runs inside guests/);
    refused(`ts/${layer}/x.ts`, 'import type { Socket } from "node:net";', /runs inside guests/);
  }
  assert.equal(breaches("ts/spawn/x.ts", 'import { Socket } from "node:net";'), []);
});

law("no package is imported, but by vendor those that the build bundles", () => {
  refused("ts/nursery/x.ts", 'import { pack } from "msgpackr";', /must not import the package msgpackr/);
  refused("ts/testing/x.ts", 'import { actor } from "brood";', /must not import the package brood/);
  assert.equal(breaches("ts/vendor/x.ts", 'export { pack } from "msgpackr/pack";'), []);
});

law("no barrels but the two public ones", () => {
  refused("ts/nursery/index.ts", "export {};", /no barrels/);
  refused("ts/index.ts", 'export * from "./nursery/x.js";', /no `export \*`/);
  refused("ts/index.ts", 'export * as x from "./nursery/x.js";', /no `export \*`/);
  assert.equal(breaches("ts/actor/index.ts", 'export { x } from "./x.js";'), []);
});

law("ts/ imports nothing from outside, and has no folder that is no layer", () => {
  refused("ts/nursery/x.ts", 'import "../../test/x.js";', /outside of ts/);
  refused("ts/utils/x.ts", "export {};", /is no layer/);
});

law.run();
