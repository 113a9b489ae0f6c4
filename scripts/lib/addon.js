// Builds the native addons and puts them where the runtime looks in a checkout: npm/<platform>/<name>.node.
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { requireCargo } from "./cargo.js";
import { at } from "./checkout.js";
import { hashOf } from "./files.js";
import { cdylibName, platformName } from "./platform.js";
import { isStamped, stamp, unstamp } from "./stamp.js";
import { step } from "./step.js";
import { runTool } from "./tool.js";

/** The native files of a platform: the crate of each, and its name as users' processes load it. */
export const ADDONS = [
  { crate: "brood-forkserver-node", file: "brood-forkserver.node" },
  { crate: "brood-engine-node", file: "brood-engine.node" },
];

/** Where this platform's native files are in a checkout. */
export const nativeDir = () => at("npm", platformName());

/** Builds every addon with the cargo profile `dev` or `ship`, if its sources, profile or target changed. */
export async function buildAddons(profile = "dev") {
  const hash = hashOf(
    [at("crates"), at("Cargo.toml"), at("Cargo.lock"), at(".cargo"), at("rust-toolchain.toml")],
    [profile, platformName()],
  );
  const file = at("build", "stamps", "addon");
  if (isStamped(file, hash) && ADDONS.every((addon) => existsSync(join(nativeDir(), addon.file)))) return;
  await requireCargo();
  await step(`cargo build (${profile})`, async () => {
    unstamp(file);
    const packages = ADDONS.flatMap((addon) => ["-p", addon.crate]);
    await runTool("cargo", ["build", "--locked", "--profile", profile, "--target-dir", at("target"), ...packages]);
    mkdirSync(nativeDir(), { recursive: true });
    const artifacts = at("target", profile === "dev" ? "debug" : profile);
    for (const addon of ADDONS) place(join(artifacts, cdylibName(addon.crate)), join(nativeDir(), addon.file));
    stamp(file, hash);
  });
}

/** By rename, and only if it differs: a process that has the old file mapped must keep it. */
function place(from, to) {
  if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) return;
  copyFileSync(from, `${to}.${process.pid}`);
  renameSync(`${to}.${process.pid}`, to);
}
