// brood tree: what there is to see of a live host, as the host itself tells it; of one that does not answer, what the system tells.
// A host that would be ended by the question is not asked.
import { randomUUID } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { answerFile, exchangeDirectory, questionFile } from "../observe/exchange.js";
import { formatTree } from "../observe/format.js";
import type { TreeDump } from "../protocol/tree.js";
import { textOf } from "../spawn/process-stat.js";
import { hosts, type SeenProcess } from "./hosts.js";
import { environmentOf } from "./processes.js";
import { nobody, parsePid } from "./ps.js";
import { formatSeen } from "./seen.js";

const HELP = `Usage: brood tree [PID] [--json]

Asks the host with that PID, or every host of this user, for all that there is to see of its actors: nurseries, supervisors and
pools, actors of every kind, calls, contexts and streams, what waits for what and how long. A host that does not answer
within 2 s, because it loops or was stopped, is shown as brood ps shows it. The host hears SIGUSR2 for it.
Exit code 1: there is no host, or one did not answer.

      --json   one line of JSON: [{ pid, dump, processes }]; dump as dumpTree() gives it, absent where the host did not answer;
               processes as brood ps gives them
  -h, --help   this text
`;

/** How long a host may take to answer, in ms; what it asks its own actors is done in a third of that. */
const PATIENCE = 2_000;
/** How often it is looked whether it has, in ms. */
const LOOK = 20;

export async function tree(args: readonly string[]): Promise<number> {
  const asked = parsePid("tree", args, HELP);
  if (asked === undefined) return 0;
  const found = await Promise.all(hosts(asked.pid).map(async (seen) => ({ seen, answer: await ask(seen.pid) })));
  if (asked.json) {
    const told = found.map(({ seen, answer }) => ({ pid: seen.pid, dump: answer.dump, processes: seen }));
    process.stdout.write(`${JSON.stringify(told)}\n`);
  } else if (found.length === 0) process.stdout.write(nobody(asked.pid));
  else process.stdout.write(found.map(({ seen, answer }) => shown(seen, answer)).join("\n"));
  return found.length > 0 && found.every(({ answer }) => answer.dump !== undefined) ? 0 : 1;
}

type Answer =
  | { readonly dump: TreeDump; readonly why?: undefined }
  | { readonly dump?: undefined; readonly why: string };

const shown = (seen: SeenProcess, { dump, why }: Answer): string =>
  dump === undefined
    ? `${seen.pid} ${why}. This is what the system knows of its processes:\n${formatSeen(seen)}`
    : formatTree(dump);

async function ask(pid: number): Promise<Answer> {
  if (!listens(pid)) return { why: "has no open nursery in its main thread, or listens to nobody" };
  const directory = exchangeDirectory(Object.fromEntries(environmentOf(pid)));
  if (directory === undefined) return { why: "has no directory of its own for an answer" };
  const name = randomUUID();
  const [question, answer] = [questionFile(directory, pid), answerFile(directory, pid, name)];
  try {
    writeFileSync(question, name, { mode: 0o600 });
    // Between the look and the signal its last nursery may have closed, which is a moment; then the signal would end it.
    if (!listens(pid)) return { why: "has just closed its last nursery" };
    process.kill(pid, "SIGUSR2");
    for (const until = performance.now() + PATIENCE; performance.now() < until; await sleep(LOOK)) {
      const dump = textOf(answer);
      if (dump !== undefined) return { dump: JSON.parse(dump) as TreeDump };
    }
    return { why: "does not answer: it loops, or was stopped" };
  } catch (error) {
    return { why: `could not be asked: ${(error as Error).message}` };
  } finally {
    for (const file of [question, answer]) rmSync(file, { force: true });
  }
}

/** Whether the process has a handler for SIGUSR2: who has none is ended by it. */
function listens(pid: number): boolean {
  const caught = /^SigCgt:\s*([\da-f]+)$/m.exec(textOf(`/proc/${pid}/status`) ?? "")?.[1];
  return caught !== undefined && (BigInt(`0x${caught}`) & SIGUSR2_BIT) !== 0n;
}
const SIGUSR2_BIT = 1n << 11n;
