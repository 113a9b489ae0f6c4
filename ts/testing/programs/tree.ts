// A host with a tree of actors below it, which ends in every way that a program can end.
import type { Nursery } from "../../context/surface.js";
import { openNursery, withNursery } from "../../nursery/open.js";
import { pidsOf, plant, spin, type Shape } from "../actors/tree.js";
import { config, hear, tell } from "../tell.js";

export interface TreeConfig extends Shape {
  /** Whether all actors loop; a file for that, which is not there yet. */
  readonly busy?: string;
  /** The option of the nursery. */
  readonly signals?: boolean;
  /** A second nursery beside the first, with default options and one actor. */
  readonly bystander?: boolean;
  /** Signals that the program listens for itself. */
  readonly own?: readonly NodeJS.Signals[];
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const settings = config<TreeConfig>();

for (const signal of settings.own ?? []) process.on(signal, () => tell("own", { signal }));
const listeners = (): number[] => SIGNALS.map((signal) => process.listenerCount(signal));
const before = listeners();

// A program with listeners of its own decides for itself when it ends.
const staying = settings.own === undefined ? undefined : setInterval(() => {}, 1_000_000);
let nursery: Nursery | undefined;
void main();

async function main(): Promise<void> {
  hear(obey);
  tell("begun", { pid: process.pid });
  const bystander = settings.bystander === true ? await openNursery() : undefined;
  if (bystander !== undefined)
    tell("bystander", { pids: await pidsOf(await plant(bystander, { ...settings, depth: 1 })) });
  const body = async (scope: Nursery): Promise<void> => {
    nursery = scope;
    scope.signal.addEventListener("abort", () => tell("ending"));
    const top = await plant(scope, settings);
    const pids = await pidsOf(top);
    if (settings.busy !== undefined) await spin(top, "all", settings.busy);
    tell("ready", { pids, listening: listeners() });
    tell("ended", { exit: await top.exited });
  };
  await withNursery(body, {
    onDeath: "report",
    ...(settings.signals === undefined ? {} : { signals: settings.signals }),
  });
  if (bystander !== undefined) {
    tell("torn down");
    await bystander.join();
  }
  // A teardown by signal takes its listeners away in the turn in which its last nursery ends.
  await new Promise((resolve) => setImmediate(resolve));
  tell("over", { before, after: listeners() });
}

async function obey(command: string): Promise<unknown> {
  switch (command) {
    case "exit":
      return process.exit(7);
    case "throw":
      return setImmediate(() => {
        throw new Error("nobody catches this");
      });
    case "reject":
      return void Promise.reject(new Error("nobody handles this"));
    case "echo":
      return tell("echo");
    case "loop":
      tell("looping");
      for (;;);
    case "abort":
      return process.abort();
    case "exhaust": {
      const kept: unknown[] = [];
      for (;;) kept.push({ kept });
    }
    case "close":
      return nursery?.close();
    case "leave":
      return clearInterval(staying);
    default:
      throw new Error(`no such command: ${command}`);
  }
}
