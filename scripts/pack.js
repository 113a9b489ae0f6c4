// node scripts/pack.js --out DIR [--ship]: packs what is published and prints the paths of the tarballs, the root's first. Without
// --ship the native files are those of development: for tests.
import { parseArgs } from "node:util";
import { packAll } from "./lib/package.js";
import { failWith, Refusal } from "./lib/tool.js";
import { setup } from "./setup.js";

await main().catch(failWith);

async function main() {
  const { values } = parseArgs({ options: { out: { type: "string" }, ship: { type: "boolean", default: false } } });
  if (!values.out) throw new Refusal("usage: node scripts/pack.js --out DIR [--ship]");
  await setup({ profile: values.ship ? "ship" : "dev", rest: false });
  for (const tarball of await packAll(values.out)) process.stdout.write(`${tarball}\n`);
}
