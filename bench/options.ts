// The command line of the benches.
import { parseArgs } from "node:util";

export const USAGE = `usage: npm run bench -- [--json] [--only NAME[,NAME]] [--quick] [--rounds N] [--node PATH] [--dev]
  --json       one JSON document on stdout; the table goes to stderr
  --only       these rows alone
  --quick      few rounds: shows that everything works, not how fast it is
  --rounds N   so many rounds of each row that count, instead of each row's own number
  --node PATH  the Node that runs the benches and all that they start
  --dev        with the addons that tests use, which are built quickly and are slow: shows that everything works
`;

/** What the command line asked for cannot be done. */
export class UsageError extends Error {
  override name = "UsageError";
}

export interface Options {
  readonly help: boolean;
  readonly json: boolean;
  /** Names of rows; undefined: all. */
  readonly only: readonly string[] | undefined;
  readonly quick: boolean;
  readonly rounds: number | undefined;
}

/** @param known the names of all rows */
export function parseOptions(args: string[], known: readonly string[]): Options {
  const values = parse(args);
  const only = values.only?.split(",").filter((name) => name !== "");
  if (only?.length === 0) throw new UsageError(`--only: no name was given; there are ${known.join(", ")}`);
  for (const name of only ?? []) {
    if (!known.includes(name)) throw new UsageError(`--only: there is no row ${name}; there are ${known.join(", ")}`);
  }
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds >= 1)) {
    throw new UsageError(`--rounds: ${values.rounds} is not a whole number of at least 1`);
  }
  return { help: values.help ?? false, json: values.json ?? false, only, quick: values.quick ?? false, rounds };
}

function parse(args: string[]): { help?: boolean; json?: boolean; only?: string; quick?: boolean; rounds?: string } {
  try {
    return parseArgs({
      args,
      options: {
        help: { type: "boolean", short: "h" },
        json: { type: "boolean" },
        only: { type: "string" },
        quick: { type: "boolean" },
        rounds: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
