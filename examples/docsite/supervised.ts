// The press under its supervisor: when it dies it is started again, and the pages that were in it are made by its successor. What is
// asked for in between waits for that.
import { actor, ActorDied, openSupervisor, Restarted, type Nursery } from "brood";
import { failureOf } from "./failure.js";
import type { Figures, Material, Parts } from "./parts.js";
import { tryWork } from "./tries.js";

const press = actor<typeof import("./press.js")>(new URL("./press.js", import.meta.url));

/**
 * It lives long and is started once, if all goes well: nothing is gained by forking it. It starts actors that load a compiler, and ends
 * them, on a busy machine.
 */
const options = { spawn: "exec", startTimeout: 120_000, cancelTimeout: 5_000 } as const;

export interface SupervisedPress {
  /** Failures are those of the page; only the end of the whole run throws. */
  make(material: Material): Promise<Parts>;
  /** What the teams have done since the press was started last, and how often it was started again. */
  figures(): Promise<{ readonly teams: Figures; readonly restarts: number }>;
}

export async function openPress(nursery: Nursery): Promise<SupervisedPress> {
  const supervisor = await openSupervisor({
    nursery,
    name: "docsite",
    children: [{ id: "press", what: press, options }],
  });
  const seen = new Set<string>();
  const current = async () => {
    const portal = await supervisor.waitForChild("press");
    seen.add(portal.id.uuid);
    return portal;
  };
  await current();
  return {
    async make(material) {
      const part = await tryWork(async () => (await current()).call("make", material), {
        signal: nursery.signal,
        // What it throws is about more than this page.
        failureOf: (error) => (isLoss(error) ? failureOf(error, undefined) : undefined),
        isAccident: isLoss,
        again: () => {},
      });
      if (part.ok) return part.value;
      return { readme: material.markdown === undefined ? undefined : part, counts: undefined, api: part };
    },
    async figures() {
      const teams = await (await current()).call("figures");
      return { teams, restarts: seen.size - 1 };
    },
  };
}

/** The press died, of whichever page: it has several at a time, and each may be innocent. */
const isLoss = (error: unknown): boolean => error instanceof ActorDied || error instanceof Restarted;
