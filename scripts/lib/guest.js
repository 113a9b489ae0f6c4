// Builds dist/guest/brood-js.wasm, the guest that runs the code of a source(code): shipped, so that users need no toolchain.
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { GUEST_FILES } from "./bundle.js";
import { at } from "./checkout.js";
import { hashOf } from "./files.js";
import { isStamped, stamp, unstamp } from "./stamp.js";
import { step } from "./step.js";
import { Refusal } from "./tool.js";

/** Needs a compiled library; runs only if what goes into the component has changed. */
export async function buildGuest() {
  const { runtime, world, component } = GUEST_FILES;
  const makers = ["build-actor.js", "guest-bundle.js", "record.js"].map((name) => at("dist", "cli", name));
  const format = at("dist", "spawn", "artifact-format.js");
  const hash = hashOf([runtime, world, ...makers, format, at("package.json"), at("package-lock.json")]);
  const file = at("build", "stamps", "guest");
  if (isStamped(file, hash) && existsSync(component)) return;
  await step("brood-js.wasm", async () => {
    unstamp(file);
    const { buildActor } = await import(pathToFileURL(at("dist", "cli", "build-actor.js")).href);
    try {
      await buildActor({ actor: undefined, out: component, cwd: at() });
    } catch (error) {
      throw error.name === "Refusal" ? new Refusal(error.message) : error;
    }
    stamp(file, hash);
  });
}
