// A directory with an actor in it, and the brood command run in it.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../harness/checkout.js";
import type { LawTask } from "../harness/law.js";
import { run, type Ran } from "../harness/run.js";

export interface Project {
  readonly directory: string;
  /** An absolute path in it. */
  at(path: string): string;
  url(path: string): URL;
  write(path: string, text: string | Uint8Array): void;
  /** `brood ...`, run in the directory. */
  brood(...args: string[]): Promise<Ran>;
  /** `brood build ...`, which must succeed. */
  build(...args: string[]): Promise<Ran>;
}

/** A build takes a second or two, of a machine that has nothing else to do. */
export const SLOW = { deadline: 90_000 };

/** @param files by their paths */
export function project(t: LawTask, files: Readonly<Record<string, string | Uint8Array>>): Project {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "brood-build-")));
  t.defer(() => rmSync(directory, { recursive: true, force: true }));
  const at = (path: string): string => join(directory, path);
  const write = (path: string, text: string | Uint8Array): void => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text);
  };
  for (const [path, text] of Object.entries(files)) write(path, text);
  const brood = (...args: string[]): Promise<Ran> =>
    run(process.execPath, [join(ROOT, "dist", "cli", "main.js"), ...args], { cwd: directory });
  return {
    directory,
    at,
    url: (path) => pathToFileURL(at(path)),
    write,
    brood,
    async build(...args) {
      const ran = await brood("build", ...args);
      if (ran.code !== 0) throw new Error(`brood build ${args.join(" ")} ended with ${ran.code}\n${ran.stderr}`);
      return ran;
    },
  };
}

/** The smallest actor. */
export const GREETER = `import { defineActor } from "brood/actor";
export default defineActor({ greet: (name: string) => \`hello \${name}\` });
`;
