// The README's example as users run it: under tsx, under Vitest, and bundled by esbuild. It works, or says what to do.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { ROOT, tool } from "./harness/checkout.js";
import { Project } from "./harness/installed.js";
import { suite } from "./harness/law.js";
import { readmeExample } from "./harness/readme.js";
import type { Ran } from "./harness/run.js";

const law = suite("consumers");
const slow = { deadline: 60_000 };
/** Newer Nodes run TypeScript by themselves. */
const runsTypeScript = Boolean((process.features as { typescript?: unknown }).typescript);
let project: Project;

law.before(async () => {
  project = await Project.create();
  for (const name of ["tsx", "vitest"]) project.link(name);
  for (const [name, code] of readmeExample("greeter.ts", "main.ts")) project.write(name, code);
  for (const name of ["greeter.spec.ts", "common.ts"]) {
    copyFileSync(join(ROOT, "test", "consumers", name), join(project.directory, name));
  }
});
law.after(() => project?.remove());

law(
  "it works under tsx, whose loader the actor inherits",
  async () => {
    assert.match((await project.nodeWell(tool("tsx", "dist", "cli.mjs"), "main.ts")).stdout, /\S/);
    assert.match((await project.nodeWell("--import", "tsx", "main.ts")).stdout, /\S/);
  },
  slow,
);

law(
  "under Vitest it says that the actor is not compiled, and which flag lets it run",
  async () => {
    const { code, stdout, stderr } = await vitest();
    assert.is(code, 1);
    assert.match(stdout + stderr, /greeter\.js.*greeter\.ts.*execArgv: \["--import", "tsx"\]/);
  },
  slow,
);

law(
  "under Vitest it works with that flag, given to the actor or to Vitest, in processes and in threads",
  async () => {
    project.env["WITH_TSX"] = "1";
    await passes(vitest());
    await passes(vitest("--pool=threads"));
    delete project.env["WITH_TSX"];
    await passes(vitest("--execArgv=--import", "--execArgv=tsx"));
  },
  slow,
);

law(
  "an actor named by its .ts file runs where Node runs TypeScript; elsewhere it says which flag lets it run",
  async () => {
    project.write(
      "typed.ts",
      readmeExample("main.ts").get("main.ts")!.replace('URL("./greeter.js"', 'URL("./greeter.ts"'),
    );
    await bundle("typed.ts", "--outdir=typed", "--external:brood");
    project.write("typed/greeter.ts", readmeExample("greeter.ts").get("greeter.ts")!);
    const { code, stderr } = await project.node("typed/typed.js");
    assert.is(code, runsTypeScript ? 0 : 1, stderr);
    if (!runsTypeScript) assert.match(stderr, /greeter\.ts.*execArgv: \["--import", "tsx"\]/);
  },
  slow,
);

law("bundled by esbuild it works with brood external and the actor as an entry point", async () => {
  await bundle("main.ts", "greeter.ts", "--outdir=external", "--external:brood");
  assert.match((await project.nodeWell("external/main.js")).stdout, /\S/);
});

law("an actor may have brood/actor bundled in", async () => {
  await bundle("main.ts", "--outdir=inside", "--external:brood");
  await bundle("greeter.ts", "--outdir=inside");
  assert.match((await project.nodeWell("inside/main.js")).stdout, /\S/);
});

law("an actor that is no entry point of the bundle is missing, and the error says so", async () => {
  await bundle("main.ts", "--outdir=alone", "--external:brood");
  const { code, stderr } = await project.node("alone/main.js");
  assert.is(code, 1);
  assert.match(stderr, /alone\/greeter\.js.*entry point/);
});

law("with brood bundled in, the error says to mark it as external, as ESM", async () => {
  await bundle("main.ts", "greeter.ts", "--outdir=esm");
  const { code, stderr } = await project.node("esm/main.js");
  assert.is(code, 1);
  assert.match(stderr, /brood was bundled into another file.*[Mm]ark "brood" as external/);
});

law("with brood bundled in, the error says to mark it as external, as CommonJS", async () => {
  await bundle("common.ts", "--outfile=cjs/common.cjs", "--format=cjs", "--log-override:empty-import-meta=silent");
  await bundle("greeter.ts", "--outdir=cjs");
  const { code, stderr } = await project.node("cjs/common.cjs");
  assert.is(code, 1);
  assert.match(stderr, /brood was bundled into another file.*[Mm]ark "brood" as external/);
});

law("bundled as CommonJS it works with brood external", async () => {
  await bundle("common.ts", "--outfile=required/common.cjs", "--format=cjs", "--external:brood");
  await bundle("greeter.ts", "--outdir=required", "--external:brood");
  assert.match((await project.nodeWell("required/common.cjs")).stdout, "bundle");
});

law.run();

function bundle(...args: string[]): Promise<Ran> {
  const format = args.some((arg) => arg.startsWith("--format")) ? [] : ["--format=esm"];
  return project.nodeWell(
    tool("esbuild", "bin", "esbuild"),
    "--bundle",
    "--platform=node",
    "--log-level=warning",
    ...format,
    ...args,
  );
}

function vitest(...args: string[]): Promise<Ran> {
  return project.node(tool("vitest", "vitest.mjs"), "run", "--root", project.directory, ...args);
}

async function passes(running: Promise<Ran>): Promise<void> {
  const { code, stdout, stderr } = await running;
  assert.is(code, 0, stdout + stderr);
  assert.match(stdout, /Tests\s+1 passed/);
}
