// brood as a package: what is published installs without tools, scripts or a registry, and the README's example runs on it.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { ROOT, tool } from "./harness/checkout.js";
import { Project } from "./harness/installed.js";
import { suite } from "./harness/law.js";
import { documentExamples, readmeExample } from "./harness/readme.js";
import { runWell } from "./harness/run.js";

type Manifest = Record<string, unknown> & { name: string; version: string };

const law = suite("package");
const slow = { deadline: 120_000 };
let project: Project;

law.before(async () => {
  project = await Project.create();
});
law.after(() => project?.remove());

law("both packages are installed, without a registry", () => {
  const names = readdirSync(join(project.directory, "node_modules")).filter((name) => !name.startsWith("."));
  assert.is(names.length, 2, names.join());
  assert.ok(names.includes("brood"));
});

law("nothing in the tree that a user gets has an install script", () => {
  for (const { file, manifest } of manifests()) {
    for (const name of ["preinstall", "install", "postinstall", "prepare"]) {
      assert.is((manifest["scripts"] as Record<string, string> | undefined)?.[name], undefined, `${file}: ${name}`);
    }
  }
  for (const file of files(join(project.directory, "node_modules"))) assert.not.match(file, /binding\.gyp$/);
});

law("the root package brings no tools, and its platform packages by its own version", () => {
  const root = manifest("brood");
  for (const field of ["scripts", "devDependencies", "dependencies", "imports"])
    assert.is(root[field], undefined, field);
  assert.equal(root["optionalDependencies"], { "brood-linux-x64-gnu": root.version });
});

law("it has the texts that a package must have, and msgpackr's licence", () => {
  const names = files(join(project.directory, "node_modules", "brood"));
  for (const name of ["README.md", "LICENSE", "CHANGELOG.md", "bin/brood", "dist/vendor/LICENSE-msgpackr"]) {
    assert.ok(
      names.some((file) => file.endsWith(name)),
      name,
    );
  }
  assert.not.ok(names.some((file) => file.endsWith(".ts") && !file.endsWith(".d.ts")));
});

law(
  "the platform package is what @napi-rs/cli would make",
  async () => {
    const directory = mkdtempSync(join(tmpdir(), "napi-"));
    const { optionalDependencies: _, ...root } = manifest("brood");
    const napi = { binaryName: "brood", targets: ["x86_64-unknown-linux-gnu"] };
    writeFileSync(join(directory, "package.json"), JSON.stringify({ ...root, napi }));
    await runWell(process.execPath, [tool("@napi-rs", "cli", "dist", "cli.js"), "create-npm-dirs"], { cwd: directory });
    const theirs = readManifest(join(directory, "npm", "linux-x64-gnu", "package.json"));
    rmSync(directory, { recursive: true });
    // Theirs are named after one binary; ours may be several.
    const files = ["brood-forkserver.node", "brood-engine.node"];
    assert.equal(manifest("brood-linux-x64-gnu"), { ...theirs, main: files[0], files });
  },
  slow,
);

law("the launcher tells its version", async () => {
  const { stdout } = await runWell("/bin/sh", [join(project.directory, "node_modules", ".bin", "brood"), "--version"], {
    cwd: project.directory,
  });
  assert.is(stdout.trim(), manifest("brood").version);
});

law(
  "the README's example type-checks under nodenext, and runs as ESM",
  async () => {
    for (const [name, code] of readmeExample("greeter.ts", "main.ts")) project.write(name, code);
    await compile("*.ts");
    const { stdout } = await project.nodeWell("out/main.js");
    assert.match(stdout, /\S/);
  },
  slow,
);

law(
  "the README's actor runs from CommonJS, which type-checks too",
  async () => {
    project.write("greeter.ts", readmeExample("greeter.ts").get("greeter.ts")!);
    project.write("required.cts", REQUIRED);
    await compile("greeter.ts", "*.cts");
    const code = readFileSync(join(project.directory, "out", "required.cjs"), "utf8");
    assert.match(code, /require\("brood"\)/);
    const { stdout } = await project.nodeWell("out/required.cjs");
    assert.match(stdout, "CommonJS");
  },
  slow,
);

law(
  "brood/testing comes with it: the examples of its document type-check, and run",
  async () => {
    const examples = documentExamples("docs/testing.md");
    for (const [name, code] of examples) project.write(name, code);
    await compile(...examples.keys());
    for (const name of examples.keys()) {
      if (name !== "echo.ts")
        assert.match((await project.nodeWell(`out/${name.replace(/\.ts$/, ".js")}`)).stdout, /\S/, name);
    }
  },
  slow,
);

law.run();

const REQUIRED = `import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { withNursery, actor } from "brood";
const greeter = actor<typeof import("./greeter.js", { with: { "resolution-mode": "import" } })>(pathToFileURL(join(__dirname, "greeter.js")));
void withNursery(async (nursery) => {
  const portal = await nursery.start(greeter, { name: "greeter", spawn: "exec" });
  console.log(await portal.call("greet", "CommonJS"));
});
`;

/** As a strict user would, with the declarations of brood checked as well. */
async function compile(...include: string[]): Promise<void> {
  project.write(
    "tsconfig.json",
    JSON.stringify({
      compilerOptions: {
        module: "nodenext",
        target: "es2022",
        strict: true,
        outDir: "out",
        types: ["node"],
        typeRoots: [join(ROOT, "node_modules", "@types")],
      },
      include,
    }),
  );
  await project.nodeWell(tool("typescript", "bin", "tsc"), "--pretty", "false");
}

function* manifests(): Generator<{ file: string; manifest: Manifest }> {
  for (const file of files(join(project.directory, "node_modules"))) {
    if (file.endsWith("/package.json")) yield { file, manifest: readManifest(file) };
  }
}

function manifest(name: string): Manifest {
  return readManifest(join(project.directory, "node_modules", name, "package.json"));
}

function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(file, "utf8")) as Manifest;
}

function files(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
