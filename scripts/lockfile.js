// npm run lockfile: after a change of package.json, makes package-lock.json anew and completes it. Packages for other platforms
// are optional; a registry that does not serve them makes npm leave them out, and `npm ci` then refuses the lockfile everywhere.
// Their versions are pinned by those that name them, so they can be entered without asking.
import { readFileSync, writeFileSync } from "node:fs";
import { at } from "./lib/checkout.js";
import { completeLockfile } from "./lib/lockfile.js";
import { failWith, npmCommand, runTool } from "./lib/tool.js";

await main().catch(failWith);

async function main() {
  const [npm, ...args] = npmCommand();
  await runTool(npm, [...args, "install", "--package-lock-only"]);
  const file = at("package-lock.json");
  const lockfile = JSON.parse(readFileSync(file, "utf8"));
  const added = completeLockfile(lockfile);
  writeFileSync(file, `${JSON.stringify(lockfile, undefined, 2)}\n`);
  for (const name of added) process.stdout.write(`added ${name}\n`);
}
