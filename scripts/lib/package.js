// Stages what is published, and packs it: the root package, and the package of this platform's native files by the conventions
// of @napi-rs/cli (test/pack.test.ts compares the two).
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ADDONS, nativeDir } from "./addon.js";
import { at, shown } from "./checkout.js";
import { filesBelow } from "./files.js";
import { platformFields, platformName, PUBLISHED } from "./platform.js";
import { npmCommand, Refusal, runTool } from "./tool.js";

/** In every package. */
const LEGAL = ["LICENSE"];

/** Packs both into the directory `out`; resolves to the paths of the tarballs, the root's first. Needs a finished setup. */
export async function packAll(out) {
  mkdirSync(out, { recursive: true });
  mkdirSync(at("build"), { recursive: true });
  const staging = mkdtempSync(at("build", "pack-"));
  try {
    return [
      await npmPack(stageRoot(join(staging, "root")), out),
      await npmPack(stagePlatform(join(staging, "platform")), out),
    ];
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

function stageRoot(directory) {
  const { devDependencies: _dev, scripts: _scripts, imports: _imports, ...manifest } = readManifest();
  const optionalDependencies = Object.fromEntries(
    PUBLISHED.map((name) => [`${manifest.name}-${name}`, manifest.version]),
  );
  const files = ["dist", "bin", "README.md", "CHANGELOG.md", ...LEGAL];
  for (const file of filesBelow(at("dist"))) {
    if (readFileSync(file, "utf8").includes('"#brood/'))
      throw new Refusal(`${shown(file)} imports by "#brood/...", which is not published`);
  }
  stage(
    directory,
    { ...manifest, optionalDependencies },
    files.map((name) => at(name)),
  );
  // Components of actors that only tests start are nothing for users.
  for (const file of filesBelow(join(directory, "dist", "testing"))) if (file.endsWith(".wasm")) rmSync(file);
  // What an actor runs first is one bundled file; the modules it was made of stay behind.
  for (const file of filesBelow(join(directory, "dist", "entry"))) if (!file.endsWith(".cjs")) rmSync(file);
  return directory;
}

function stagePlatform(directory) {
  const { name, version, description, keywords, license, engines, author, homepage, repository, bugs } = readManifest();
  const platform = platformName();
  const natives = ADDONS.map((addon) => addon.file);
  const shared = { description, keywords, author, homepage, license, engines, repository, bugs };
  const manifest = {
    name: `${name}-${platform}`,
    version,
    ...platformFields(platform),
    main: natives[0],
    files: natives,
    ...shared,
  };
  stage(directory, manifest, [...natives.map((file) => join(nativeDir(), file)), ...LEGAL.map((file) => at(file))]);
  writeFileSync(
    join(directory, "README.md"),
    `# \`${manifest.name}\`\n\nThe native files of \`${name}\` for **${platform}**. \`${name}\` depends on it; there is no need to install it by hand.\n`,
  );
  return directory;
}

function stage(directory, manifest, paths) {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
  for (const path of paths) {
    if (!existsSync(path)) throw new Refusal(`${shown(path)} is to be published, but is not there`);
    cpSync(path, join(directory, path.split(/[/\\]/).at(-1)), { recursive: true });
  }
  return directory;
}

async function npmPack(directory, out) {
  const [npm, ...args] = npmCommand();
  const answer = await runTool(
    npm,
    [...args, "pack", "--silent", "--ignore-scripts", "--pack-destination", resolve(out)],
    { cwd: directory },
  );
  return join(resolve(out), answer.trim().split("\n").at(-1));
}

const readManifest = () => JSON.parse(readFileSync(at("package.json"), "utf8"));
