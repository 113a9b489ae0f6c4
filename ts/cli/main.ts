// The brood command, the part that needs Node. Exit codes: 0 done; 1 it was refused, or what was asked has the answer no; 2 the
// command line makes no sense.
import { Misuse } from "./misuse.js";

/** Each loads what it needs, and nothing of the others. */
const COMMANDS: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  build: async (args) => (await import("./build.js")).build(args),
  doctor: async (args) => (await import("./doctor.js")).doctor(args),
  ps: async (args) => (await import("./ps.js")).ps(args),
  reap: async (args) => (await import("./reap.js")).reap(args),
  tree: async (args) => (await import("./tree.js")).tree(args),
};

void main(process.argv.slice(2));

async function main([name, ...args]: readonly string[]): Promise<void> {
  try {
    const command = name === undefined ? undefined : COMMANDS[name];
    if (command === undefined)
      throw new Misuse(`unknown command: ${name ?? "(none)"}. There are ${Object.keys(COMMANDS).join(", ")}.`);
    process.exitCode = await command(args);
  } catch (error) {
    if (!(error instanceof Misuse)) throw error;
    process.stderr.write(`brood: ${error.message}\nbrood ${error.command ?? "--help"} tells more.\n`);
    process.exitCode = 2;
  }
}
