// Builds the components of the actors that tests and examples start in wasm, beside their compiled modules, when something that is
// in one of them changed. All in this process: most of a build is loading what builds.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { GUEST_FILES } from "./bundle.js";
import { at, shown } from "./checkout.js";
import { hashOf } from "./files.js";
import { isStamped, stamp, unstamp } from "./stamp.js";
import { step } from "./step.js";
import { Refusal } from "./tool.js";

/** The modules, as they are compiled. */
const ACTORS = [
  ...[
    "callee",
    "cancels",
    "dialogue",
    "member",
    "schemas",
    "scopes",
    "streaming",
    "streams",
    "thrower",
    "thrower-tree",
    "unready",
    "worker",
  ].map((name) => at("dist", "testing", "actors", `${name}.js`)),
  at("build", "test", "actors", "chaos.js"),
  at("build", "test", "actors", "schemas.js"),
  at("build", "test", "actors", "values.js"),
  at("build", "examples", "docsite", "renderer.js"),
];

/** The components that are made of them. */
export const COMPONENTS = ACTORS.map((actor) => actor.replace(/\.js$/, ".wasm"));

/** Needs a compiled library, compiled tests and examples. */
export async function buildActors() {
  const makers = hashOf([
    GUEST_FILES.runtime,
    GUEST_FILES.world,
    ...["build-actor.js", "guest-bundle.js", "record.js"].map((name) => at("dist", "cli", name)),
    at("dist", "spawn", "artifact-format.js"),
    at("package.json"),
    at("package-lock.json"),
  ]);
  const stale = ACTORS.filter((actor, index) => !isFresh(actor, COMPONENTS[index], makers));
  if (stale.length === 0) return;
  await step(`components of ${stale.length} actors`, async () => {
    const { buildActor } = await import(pathToFileURL(at("dist", "cli", "build-actor.js")).href);
    for (const actor of stale) {
      unstamp(stampOf(actor));
      const out = actor.replace(/\.js$/, ".wasm");
      try {
        const { meta } = await buildActor({ actor, out, cwd: at() });
        const inputs = meta.inputs.map(({ path }) => resolve(dirname(out), path));
        stamp(stampOf(actor), JSON.stringify({ inputs, hash: hashOf(inputs, [makers]) }));
      } catch (error) {
        rmSync(out, { force: true });
        throw error.name === "Refusal" ? new Refusal(`${shown(actor)}: ${error.message}`) : error;
      }
    }
  });
}

const stampOf = (actor) => at("build", "stamps", `actor-${shown(actor).replaceAll(/\W/g, "-")}`);

/** Whether the component was made of what is there now. */
function isFresh(actor, component, makers) {
  if (!existsSync(component) || !existsSync(stampOf(actor))) return false;
  const { inputs } = JSON.parse(readFileSync(stampOf(actor), "utf8"));
  return isStamped(stampOf(actor), JSON.stringify({ inputs, hash: hashOf(inputs, [makers]) }));
}
