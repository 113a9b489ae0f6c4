// Compiles ts/ to dist/ and test/, bench/, examples/ to build/, when their inputs changed.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { COMPONENTS } from "./actors.js";
import { BUNDLED, bundleAll, GUEST_FILES } from "./bundle.js";
import { at, shown } from "./checkout.js";
import { filesBelow, hashOf } from "./files.js";
import { missingOutputs, removeStale } from "./stale.js";
import { isStamped, stamp, unstamp } from "./stamp.js";
import { step } from "./step.js";
import { capture, Refusal } from "./tool.js";

const CONFIG = [
  at("tsconfig.base.json"),
  at("package-lock.json"),
  at("package.json"),
  at("scripts", "lib", "bundle.js"),
];
/** Compiled by themselves, or not at all. */
const APART = [at("test", "consumers"), at("test", "types")];

/** Compiles what ships. Throws a Refusal with the compiler's output when there is an error; what could be compiled is there all the same. */
export async function compileLibrary() {
  const sources = filesBelow(at("ts")).filter(isTypeScript);
  const hash = hashOf([at("ts"), ...CONFIG]);
  const file = at("build", "stamps", "library");
  const incomplete = missingOutputs(at("dist"), at("ts"), sources, "js");
  if (isStamped(file, hash) && !incomplete) return;
  let typeErrors;
  await step("tsc -p ts", async () => {
    unstamp(file);
    if (incomplete) rmSync(at("build", "ts.tsbuildinfo"), { force: true });
    removeStale(at("dist"), at("ts"), new Set([...BUNDLED, GUEST_FILES.component, ...COMPONENTS]));
    typeErrors = await tsc("ts/tsconfig.json");
  });
  if (typeErrors) {
    // Tests of other parts can still run: bundle what can be bundled.
    await bundleAll().catch(() => {});
    throw new Refusal(typeErrors);
  }
  await step("esbuild", bundleAll);
  stamp(file, hash);
}

/** Compiles tests, benches and examples, and copies the files beside them that are not TypeScript. */
export async function compileRest() {
  const folders = ["test", "bench", "examples"];
  const inputs = filesBelow(...folders.map((name) => at(name))).filter(
    (path) => !APART.some((apart) => path.startsWith(apart + sep)),
  );
  const sources = inputs.filter(isTypeScript);
  const declarations = filesBelow(at("dist")).filter((path) => path.endsWith(".d.ts"));
  const hash = hashOf([...inputs, ...declarations, at("tsconfig.json"), ...CONFIG]);
  const file = at("build", "stamps", "rest");
  const incomplete = missingOutputs(at("build"), at(), sources, "js");
  if (isStamped(file, hash) && !incomplete) return;
  await step("tsc", async () => {
    unstamp(file);
    if (incomplete) rmSync(at("build", "rest.tsbuildinfo"), { force: true });
    for (const name of folders) removeStale(at("build", name), at(name), new Set(COMPONENTS));
    for (const path of inputs) if (!isTypeScript(path)) copyBeside(path);
    const typeErrors = await tsc("tsconfig.json");
    if (typeErrors) throw new Refusal(typeErrors);
  });
  stamp(file, hash);
}

/** Returns the compiler's complaints, if any; it emits all the same. */
async function tsc(project) {
  const { code, output } = await capture(process.execPath, [
    at("node_modules", "typescript", "bin", "tsc"),
    "-p",
    project,
    "--pretty",
    "false",
  ]);
  return code === 0 ? undefined : `tsc -p ${project}\n${output.trimEnd()}`;
}

function copyBeside(path) {
  const target = join(at("build"), relative(at(), path));
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(path, target);
}

const isTypeScript = (path) => /\.[cm]?ts$/.test(shown(path)) && !/\.d\.[cm]?ts$/.test(path);
