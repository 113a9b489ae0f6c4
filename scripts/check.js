// npm run check: everything about the code that can be said without running it. All steps run, also when one fails; a line for each
// tells how it went.
import { existsSync, readFileSync } from "node:fs";
import { cargoDeny } from "./lib/cargo-deny.js";
import { requireCargo } from "./lib/cargo.js";
import { at, shown } from "./lib/checkout.js";
import { filesBelow } from "./lib/files.js";
import { findUnclean } from "./lib/hygiene.js";
import { breachesIn } from "./lib/layers.js";
import { failWith, Refusal, runTool } from "./lib/tool.js";
import { setup } from "./setup.js";

const node = (tool, ...args) => runTool(process.execPath, [at("node_modules", ...tool.split("/")), ...args]);
const cargo = (...args) => runTool("cargo", args);
const tsc = (project) =>
  node(
    "typescript/bin/tsc",
    "-p",
    project,
    "--noEmit",
    "--incremental",
    "false",
    "--tsBuildInfoFile",
    "null",
    "--pretty",
    "false",
  );

/** Each step throws a Refusal when it fails. */
const STEPS = {
  "format: oxfmt": () => node("oxfmt/bin/oxfmt", "--check"),
  "format: cargo fmt": () => cargo("fmt", "--all", "--check"),
  "lint: oxlint": () => node("oxlint/bin/oxlint", "--deny-warnings"),
  "lint: layers": async () => {
    const { default: typescript } = await import("typescript");
    const files = filesBelow(at("ts")).filter((file) => file.endsWith(".ts"));
    refuse(breachesIn(new Map(files.map((file) => [shown(file), readFileSync(file, "utf8")])), typescript));
  },
  "lint: hygiene": async () => refuse(await findUnclean()),
  "lint: clippy": () =>
    cargo("clippy", "--workspace", "--all-targets", "--locked", "--target-dir", at("target"), "--", "-D", "warnings"),
  types: async () => {
    for (const project of ["ts", ".", "test/types"]) if (existsSync(at(project, "tsconfig.json"))) await tsc(project);
  },
  "licences, bans, sources: cargo-deny": async () =>
    runTool(await cargoDeny(), ["--locked", "--workspace", "check", "licenses", "bans", "sources"]),
};

await main().catch(failWith);

async function main() {
  await requireCargo();
  // The types of tests come from what was compiled; that it does not compile is told by the step `types`.
  await setup({ tolerant: true });
  let failed = 0;
  for (const [name, run] of Object.entries(STEPS)) {
    const since = performance.now();
    const error = await run().then(
      () => undefined,
      (caught) => caught,
    );
    const duration = `(${((performance.now() - since) / 1_000).toFixed(1)} s)`;
    process.stdout.write(`${error ? "FAIL" : "ok  "}  ${name}  ${duration}\n`);
    if (!error) continue;
    failed += 1;
    process.stdout.write(`${(error instanceof Refusal ? error.message : error.stack).replaceAll(/^/gm, "      ")}\n`);
  }
  const steps = Object.keys(STEPS).length;
  process.stdout.write(`${steps - failed} of ${steps} checks passed\n`);
  process.exitCode = failed > 0 ? 1 : 0;
}

function refuse(complaints) {
  if (complaints.length > 0) throw new Refusal(complaints.join("\n"));
}
