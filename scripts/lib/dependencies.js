// Installs what package-lock.json names, when it changed.
import { existsSync, readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { at } from "./checkout.js";
import { isStamped, stamp, unstamp } from "./stamp.js";
import { step } from "./step.js";
import { npmCommand, runTool } from "./tool.js";

/** Runs `npm ci` unless node_modules was made from this very lockfile on this platform. */
export async function installDependencies() {
  const hash = createHash("sha256")
    .update(readFileSync(at("package-lock.json")))
    .update(`${process.platform}-${process.arch}`)
    .digest("hex");
  const file = at("node_modules", ".brood-lockfile");
  if (isStamped(file, hash) && existsSync(at("node_modules", "typescript"))) return;
  await step("npm ci", async () => {
    unstamp(file);
    const [npm, ...args] = npmCommand();
    // `npm run --silent` would silence this one too, its errors included.
    await runTool(npm, [...args, "ci", "--loglevel=error"]);
    stamp(file, hash);
  });
}
