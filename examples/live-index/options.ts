// What the command line asks for. Anything that it does not know is refused with the reason and the usage, before any work is done.
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "../docsite/options.js";

export interface Options {
  /** 0 for any that is free. */
  readonly port: number;
  /** From one edition of the index to the next, in ms. */
  readonly every: number;
  /** Asks itself, and ends. */
  readonly once: boolean;
  /** Absolute path of the file for what came of it; only with `once`. */
  readonly json: string | undefined;
  readonly help: boolean;
}

export const USAGE = `Usage: brood run build/examples/live-index/main.js [--port N] [--every MS]
       brood run build/examples/live-index/main.js --once [--every MS] [--json FILE]

Serves a full-text search over the READMEs in node_modules, from an index in memory that changes all the time.
Light queries are answered at once. A heavy one is answered by a fork of this program, which has the index as
it was at that moment, and copies nothing.

  --port N     where to listen on 127.0.0.1: 0 to 65535, 0 for any port that is free (default: 0)
  --every MS   how often a page of the index changes: 10 to 3600000 (default: 1000, with --once 100)
  --once       ask it a handful of queries, print what came of them, and end
  --json FILE  with --once: also write that as JSON
  --help       show this text

In a checkout: npm run live-index, which builds it and runs it with --once, and
               sh bin/brood run build/examples/live-index/main.js
`;

export function parseOptions(args: readonly string[]): Options {
  const { port, every, once = false, json, help = false } = parse(args);
  if (json !== undefined && !once)
    throw new UsageError("--json: got a file, but no --once. Accepted: with --once only.");
  if (port !== undefined && once)
    throw new UsageError(`--port: got ${quoted(port)} with --once. Accepted: without --once only.`);
  return {
    port: number("--port", port, 0, 65_535) ?? 0,
    every: number("--every", every, 10, 3_600_000) ?? (once ? 100 : 1000),
    once,
    json: json === undefined ? undefined : file("--json", json),
    help,
  };
}

const quoted = (value: string): string => JSON.stringify(value);

function number(name: string, given: string | undefined, least: number, most: number): number | undefined {
  if (given === undefined) return undefined;
  const value = /^\d+$/.test(given) ? Number(given) : NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${name}: got ${quoted(given)}. Accepted: a whole number from ${least} to ${most}.`);
}

function file(name: string, given: string): string {
  const path = resolve(given);
  if (given !== "" && !statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path;
  throw new UsageError(`${name}: got ${quoted(given)}. Accepted: the path of a file, which need not be there yet.`);
}

const OPTIONS = {
  port: { type: "string" },
  every: { type: "string" },
  once: { type: "boolean" },
  json: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: OPTIONS,
      strict: true,
      allowPositionals: false,
    }).values;
  } catch (error) {
    // Of what parseArgs says, only the first sentence is about this command line.
    const [what] = (error as Error).message.split(". ");
    throw new UsageError(
      `${what}. Accepted: ${Object.keys(OPTIONS)
        .map((name) => `--${name}`)
        .join(", ")}.`,
    );
  }
}
