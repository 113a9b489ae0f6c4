// What the command line asks for. Anything that it does not know is refused with the reason and the usage, before any work is done.
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

export interface Options {
  /** Absolute path of the directory for the site; undefined for the usual one. */
  readonly out: string | undefined;
  /** Absolute path of the file for the summary. */
  readonly json: string | undefined;
  readonly help: boolean;
}

export const USAGE = `Usage: npm run demo [-- --out DIR] [--json FILE]

Makes a browsable site of the packages in node_modules: READMEs and exported API.

  --out DIR    where to: a new or empty directory, or one that this command made (default: build/docsite)
  --json FILE  also write a summary as JSON
  --help       show this text
`;

/** The command line cannot be followed; the text says why. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export function parseOptions(args: readonly string[]): Options {
  const { out, json, help } = parse(args);
  for (const [name, value] of Object.entries({ out, json })) {
    if (value === "") throw new UsageError(`--${name} needs a path, and got an empty one.`);
  }
  const file = json === undefined ? undefined : resolve(json);
  if (file !== undefined && statSync(file, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`--json: ${file} is a directory. Name a file.`);
  return { out: out === undefined ? undefined : resolve(out), json: file, help: help ?? false };
}

function parse(args: readonly string[]): { out?: string; json?: string; help?: boolean } {
  try {
    return parseArgs({
      args: [...args],
      options: { out: { type: "string" }, json: { type: "string" }, help: { type: "boolean", short: "h" } },
      strict: true,
      allowPositionals: false,
    }).values;
  } catch (error) {
    // parseArgs explains itself well, but does not end its sentences.
    throw new UsageError(`${(error as Error).message.replace(/\. To specify a positional.*$/s, "")}.`);
  }
}
