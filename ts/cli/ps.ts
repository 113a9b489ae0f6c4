// brood ps: the hosts of this user and the processes of their actors, as the system shows them. It asks nobody, so that it works on
// whatever hangs or loops.
import { parseCommand, Misuse } from "./misuse.js";
import { hosts } from "./hosts.js";
import { formatSeen } from "./seen.js";

const HELP = `Usage: brood ps [PID] [--json]

Lists the hosts of this user, or the one with that PID, and the processes of their actors: age, state, CPU time and memory.
It asks nobody: what hangs, loops or was stopped is listed too. Actors in wasm have no process: brood tree shows them.
Exit code 1: there is no host.

      --json   one line of JSON: [{ pid, kind, name, method, age, process: { state, cpu, memory, waitsIn }, children }]
  -h, --help   this text
`;

export async function ps(args: readonly string[]): Promise<number> {
  const asked = parsePid("ps", args, HELP);
  if (asked === undefined) return 0;
  const found = hosts(asked.pid);
  if (asked.json) process.stdout.write(`${JSON.stringify(found)}\n`);
  else if (found.length === 0) process.stdout.write(nobody(asked.pid));
  else process.stdout.write(found.map(formatSeen).join("\n"));
  return found.length === 0 ? 1 : 0;
}

export const nobody = (pid: number | undefined): string =>
  pid === undefined ? "No host with actors is running.\n" : `There is no process ${pid} of this user.\n`;

/** The command line of a command that is about one host or all; undefined where only its help was asked for. @throws Misuse */
export function parsePid(
  command: string,
  args: readonly string[],
  help: string,
): { readonly pid: number | undefined; readonly json: boolean } | undefined {
  const { values, positionals } = parseCommand(command, args, {
    json: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  });
  if (values.help === true) {
    process.stdout.write(help);
    return undefined;
  }
  const [word, more] = positionals;
  if (more !== undefined) throw new Misuse(`${command}: it takes one PID, not ${more} too`, `${command} --help`);
  if (word !== undefined && !/^[1-9]\d{0,9}$/.test(word))
    throw new Misuse(`${command}: ${word} is no PID`, `${command} --help`);
  if (process.platform !== "linux") throw new Misuse(`${command}: it reads /proc, which only Linux has`);
  return { pid: word === undefined ? undefined : Number(word), json: values.json === true };
}
