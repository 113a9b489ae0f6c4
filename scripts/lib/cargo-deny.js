// cargo-deny of one version: the one on PATH if it fits, else one that is installed once into target/tools.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { at } from "./checkout.js";
import { step } from "./step.js";
import { capture, runTool } from "./tool.js";

const VERSION = "0.20.2";
const ROOT = at("target", "tools");

/** Resolves to the path of cargo-deny. */
export async function cargoDeny() {
  const name = process.platform === "win32" ? "cargo-deny.exe" : "cargo-deny";
  const installed = join(ROOT, "bin", name);
  const onPath = (process.env.PATH ?? "").split(delimiter).map((directory) => join(directory, name));
  for (const path of [installed, ...onPath]) if (existsSync(path) && (await fits(path))) return path;
  await step(`cargo install cargo-deny ${VERSION}`, () =>
    runTool("cargo", ["install", "cargo-deny", "--version", VERSION, "--locked", "--profile", "dev", "--root", ROOT]),
  );
  return installed;
}

/** Same minor version: what it accepts in deny.toml changes between them. */
async function fits(path) {
  const { output } = await capture(path, ["--version"]).catch(() => ({ output: "" }));
  return output.startsWith(`cargo-deny ${VERSION.split(".").slice(0, 2).join(".")}.`);
}
