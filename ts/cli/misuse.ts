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
