// The components of the benches' actors: each is built once in a run, as a user builds it, beside its compiled module.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const COMMAND = fileURLToPath(import.meta.resolve("#brood/cli/main.js"));
const builds = new Map<string, Promise<unknown>>();

/**
 * Builds the actor of a module.
 * @returns the component's path
 */
export async function built(module: URL): Promise<string> {
  const source = fileURLToPath(module);
  const component = source.replace(/\.js$/, ".wasm");
  let build = builds.get(source);
  if (build === undefined) {
    build = promisify(execFile)(process.execPath, [COMMAND, "build", source, "-o", component]);
    builds.set(source, build);
  }
  await build;
  return component;
}

/** For the first start of a component, in ms: it is compiled then, where it has never run before. */
export const COMPILE_TIMEOUT = 120_000;
