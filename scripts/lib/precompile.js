// Compiles the components of a checkout once, in a process of its own: the first start of each would else wait for the compiler,
// in every process that comes first.
import { at } from "./checkout.js";
import { filesBelow } from "./files.js";
import { step } from "./step.js";
import { runTool } from "./tool.js";

/** Needs the addons, a compiled library and built components; what the cache has already takes no time. */
export async function precompile() {
  const folders = [at("dist"), at("build", "test"), at("build", "examples")];
  const files = folders.flatMap((folder) => filesBelow(folder)).filter((file) => file.endsWith(".wasm"));
  await step(`${files.length} components into the cache`, () =>
    runTool(process.execPath, [at("scripts", "precompile.js"), ...files]),
  );
}
