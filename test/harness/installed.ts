// brood as its users get it: packed, and installed in an empty directory by an npm that has neither a registry nor a toolchain.
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { ROOT, tool } from "./checkout.js";
import { run, runWell, type Ran } from "./run.js";

export class Project {
  /** Its directory: an empty project of type "module" with brood in node_modules. */
  readonly directory: string;
  /** What programs here see; may be changed. */
  readonly env: NodeJS.ProcessEnv;

  private constructor(directory: string, env: NodeJS.ProcessEnv) {
    this.directory = directory;
    this.env = env;
  }

  static async create(): Promise<Project> {
    const top = realpathSync(mkdtempSync(join(tmpdir(), "packed-")));
    const directory = join(top, "project");
    mkdirSync(directory);
    const project = new Project(directory, environment(top));
    project.write("package.json", JSON.stringify({ name: "project", private: true, type: "module" }));
    const packed = await runWell(process.execPath, [join(ROOT, "scripts", "pack.js"), "--out", join(top, "tarballs")], {
      cwd: ROOT,
    });
    const tarballs = packed.stdout.trim().split("\n");
    await runWell(
      join(top, "bin", "npm"),
      ["install", "--offline", "--ignore-scripts=false", ...tarballs],
      project.#options(),
    );
    return project;
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.directory, name)), { recursive: true });
    writeFileSync(join(this.directory, name), text);
  }

  /** Makes a package of the checkout resolvable here; its own dependencies stay where they are. */
  link(name: string): void {
    mkdirSync(dirname(join(this.directory, "node_modules", name)), { recursive: true });
    symlinkSync(tool(name), join(this.directory, "node_modules", name));
  }

  /** Runs Node here. */
  node(...args: string[]): Promise<Ran> {
    return run(process.execPath, args, this.#options());
  }

  /** The same, for what must succeed. */
  nodeWell(...args: string[]): Promise<Ran> {
    return runWell(process.execPath, args, this.#options());
  }

  remove(): void {
    rmSync(dirname(this.directory), { recursive: true, force: true });
  }

  #options(): { cwd: string; env: NodeJS.ProcessEnv } {
    return { cwd: this.directory, env: this.env };
  }
}

/** A PATH with node and npm and nothing else, and an npm that knows no registry, cache or configuration of this machine. */
function environment(top: string): NodeJS.ProcessEnv {
  const bin = join(top, "bin");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  symlinkSync(findNpm(), join(bin, "npm"));
  return {
    PATH: bin,
    HOME: top,
    NO_COLOR: "1",
    BROOD_TEST_RUN: process.env["BROOD_TEST_RUN"],
    npm_config_cache: join(top, "cache"),
    npm_config_globalconfig: join(top, "no-such-npmrc"),
    npm_config_registry: "http://127.0.0.1:9",
    npm_config_update_notifier: "false",
  };
}

function findNpm(): string {
  for (const directory of (process.env["PATH"] ?? "").split(delimiter)) {
    if (existsSync(join(directory, "npm"))) return realpathSync(join(directory, "npm"));
  }
  throw new Error("no npm on PATH");
}
