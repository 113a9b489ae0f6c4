// A command line that makes no sense.
import { parseArgs, type ParseArgsConfig } from "node:util";

export class Misuse extends Error {
  /** What tells more: "build --help". */
  readonly command: string | undefined;

  constructor(message: string, command?: string) {
    super(message);
    this.command = command;
  }
}

/** As node:util does it, in our words. @throws Misuse */
export function parseCommand<T extends NonNullable<ParseArgsConfig["options"]>>(
  command: string,
  args: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ args: string[]; allowPositionals: true; options: T }>> {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    throw new Misuse((error as Error).message.split("\n")[0] as string, `${command} --help`);
  }
}

const HELP = { help: { type: "boolean", short: "h" } } as const;

/** The options of a command that takes nothing else; undefined where only its help was asked for, which is printed then. @throws Misuse */
export function parseOptions<T extends NonNullable<ParseArgsConfig["options"]>>(
  command: string,
  args: readonly string[],
  options: T,
  help: string,
): ReturnType<typeof parseCommand<T & typeof HELP>>["values"] | undefined {
  const { values, positionals } = parseCommand(command, args, { ...options, ...HELP });
  if (positionals.length > 0) throw new Misuse(`${command}: it takes no ${positionals[0]}`, `${command} --help`);
  if ((values as { help?: boolean }).help !== true) return values;
  process.stdout.write(help);
  return undefined;
}
