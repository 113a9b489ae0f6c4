// brood doctor: says whether actors can be forked on this machine by this Node, and if not, why. It looks, and then it tries.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ActorDefinition } from "../context/surface.js";
import { actor } from "../nursery/source.js";
import { openNursery } from "../nursery/open.js";
import { liveFlags } from "../spawn/live-flags.js";
import { forkRequirements } from "../spawn/fork-support.js";
import { livingTemplates } from "../spawn/templates.js";
import type { LiveTrial } from "./live-trial.js";
import { parseOptions } from "./misuse.js";

const HELP = `Usage: brood doctor [--json]

Says whether this machine and this Node can fork actors (spawn method forkserver), and if not, why.
Exit code 0: they can. 1: they cannot; actors are started as fresh processes instead.

      --json   one line of JSON: { node, platform, forkserver, main_thread_forkserver,
                             checks: [{ needs, found, met }] }
  -h, --help   this text
`;

/** From the start of the template to the answer of its first actor, in ms. */
const PATIENCE = 20_000;

interface Check {
  readonly needs: string;
  readonly found: string;
  readonly met: boolean;
}

export async function doctor(args: readonly string[]): Promise<number> {
  const values = parseOptions("doctor", args, { json: { type: "boolean" } }, HELP);
  if (values === undefined) return 0;
  const checks: Check[] = [...forkRequirements()];
  if (checks.every(({ met }) => met)) checks.push(...(await tried()));
  const forkserver = checks.every(({ met }) => met);
  // Which is of no use to a program that was not started for it, and so decides nothing.
  const live = forkserver ? await triedLive() : undefined;
  if (live !== undefined) checks.push(live);
  if (values.json === true) {
    const { version: node, platform, arch } = process;
    process.stdout.write(
      `${JSON.stringify({ node, platform: `${platform} ${arch}`, forkserver, main_thread_forkserver: live?.met ?? false, checks })}\n`,
    );
  } else {
    for (const { needs, found, met } of checks) process.stdout.write(`${met ? "ok  " : "no  "}  ${needs}: ${found}\n`);
    process.stdout.write(
      forkserver
        ? "forkserver works here: actors are forked from a warm template.\n"
        : "forkserver does not work here: actors are started as fresh processes (exec).\n",
    );
  }
  return forkserver ? 0 : 1;
}

/** Forks one actor, and has it answer. */
async function tried(): Promise<Check[]> {
  const needs = "an actor is forked and answers";
  const what = actor<{ default: ActorDefinition<{ answer(): number }> }>(
    new URL("../entry/rehearsal-1.js", import.meta.url),
  );
  const nursery = await openNursery({ startTimeout: PATIENCE });
  try {
    // The first one waits for the template, the second is what all others are like.
    await nursery.run(what, "answer", [], { name: "first", spawn: "forkserver" });
    const portal = await nursery.start(what, { name: "second", spawn: "forkserver" });
    if (portal.spawnMethod !== "forkserver") return [{ needs, found: portal.spawnReason, met: false }];
    const answer = await portal.call("answer");
    const word = livingTemplates()[0]?.word;
    const ready = word?.kind === "ready" ? `; its template was ready in ${word.ms.toFixed(0)} ms` : "";
    return [{ needs, found: `${portal.stats.startTime.toFixed(1)} ms, process ${answer}${ready}`, met: true }];
  } catch (error) {
    return [{ needs, found: (error as Error).message, met: false }];
  } finally {
    await nursery.cancel();
  }
}

/** Runs a program as `brood run` does, that forks itself. */
async function triedLive(): Promise<Check> {
  const needs = "a program that brood run starts forks itself";
  const program = fileURLToPath(new URL("./live-trial.js", import.meta.url));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [...liveFlags(), program], { timeout: PATIENCE });
    const trial = JSON.parse(stdout) as LiveTrial;
    if ("why" in trial) return { needs, found: trial.why, met: false };
    const { start, pause } = trial;
    return { needs, found: `${start.toFixed(1)} ms, of which it stands still for ${pause.toFixed(1)} ms`, met: true };
  } catch (error) {
    return { needs, found: (error as Error).message.split("\n")[0] as string, met: false };
  }
}
