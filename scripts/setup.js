// Brings a checkout, also a fresh clone, to where its main work can run: dependencies, addons, compiled TypeScript. Each step
// runs only if its inputs changed; two processes may do this at once.
import { buildActors } from "./lib/actors.js";
import { buildAddons } from "./lib/addon.js";
import { at } from "./lib/checkout.js";
import { installDependencies } from "./lib/dependencies.js";
import { buildGuest } from "./lib/guest.js";
import { withLock } from "./lib/lock.js";
import { requireNode } from "./lib/node-version.js";
import { precompile } from "./lib/precompile.js";
import { Missing, Refusal } from "./lib/tool.js";
import { compileLibrary, compileRest } from "./lib/typescript.js";

/**
 * `profile` is the cargo profile of the addons: `dev`, or `ship` for what is published. With `tolerant`, code that does
 * not compile is returned as a list of complaints instead of thrown: tests can still run what is there, and count it as a failure.
 * `rest`: whether tests, benches and examples are compiled too.
 */
export async function setup({ profile = "dev", tolerant = false, rest = true } = {}) {
  requireNode();
  return withLock(at("build", "setup.lock"), async () => {
    await installDependencies();
    const complaints = [];
    const own = rest ? [compileRest, buildActors, precompile] : [];
    for (const compile of [() => buildAddons(profile), compileLibrary, buildGuest, ...own]) {
      try {
        await compile();
      } catch (error) {
        if (!tolerant || !(error instanceof Refusal) || error instanceof Missing) throw error;
        complaints.push(error.message);
      }
    }
    return complaints;
  });
}
