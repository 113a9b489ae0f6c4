// npm run format: writes the format that `npm run check` demands.
import { at } from "./lib/checkout.js";
import { installDependencies } from "./lib/dependencies.js";
import { requireNode } from "./lib/node-version.js";
import { failWith, runTool } from "./lib/tool.js";

await main().catch(failWith);

async function main() {
  requireNode();
  await installDependencies();
  await runTool(process.execPath, [at("node_modules", "oxfmt", "bin", "oxfmt")]);
  await runTool("cargo", ["fmt", "--all"]);
}
