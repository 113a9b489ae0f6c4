// The actor of laws about whole trees: it grows further levels below itself, starts processes that are no actors, and loops.
// What it is to do stands in its environment, so that it can be done in `setup`.
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { context, defineActor, endpoint, type, type Nursery } from "../../actor/index.js";
import { actor } from "../../nursery/source.js";
import { until } from "../gate.js";
import { silent } from "../silent.js";
import type { Portal, ProcessOptions, SpawnMethod } from "../../context/surface.js";

export interface Shape {
  readonly method: SpawnMethod;
  /** How many levels of actors. */
  readonly depth: number;
  /** Where an actor's nursery hangs: on its setup, or on the task of a context. */
  readonly via: "setup" | "task";
  /** Each actor has a `sleep` of its own. */
  readonly sleepers: boolean;
  /** The deepest actor does not hear of SIGTERM. */
  readonly deaf?: boolean;
  /** Where each actor notes its end by itself. */
  readonly notes?: string;
  readonly options?: ProcessOptions;
}

/** The pids of all actors from the topmost down; guests have none. */
export function pidsOf(top: Portal<any>): Promise<number[]> {
  return top.spawnMethod === "wasm" ? Promise.resolve([]) : top.call("pids");
}

/** Makes every actor of the tree, or the deepest alone, loop for ever; resolves when they do. `file` must not be there yet. */
export async function spin(top: Portal<any>, which: "all" | "deepest", file: string): Promise<void> {
  if (top.spawnMethod === "wasm") {
    void top.call("loop");
    return silent(top);
  }
  const count = which === "all" ? (await pidsOf(top)).length : 1;
  await top.call("spin", which, file);
  await until(
    `${count} actors loop`,
    () => existsSync(file) && readFileSync(file, "utf8").split("\n").length > count,
    10_000,
  );
}

type Tree = typeof import("./tree.js");

/** Starts the topmost of `shape.depth` levels; resolves when all of them are there. A guest has no environment and no level below it. */
export async function plant(nursery: Nursery, shape: Shape): Promise<Portal<any>> {
  if (shape.method === "wasm")
    return nursery.start(actor(new URL("./worker.js", import.meta.url)), { ...shape.options, name: "guest" });
  const portal = await nursery.start(actor<Tree>(new URL("./tree.js", import.meta.url)), {
    ...shape.options,
    name: `level-${shape.depth}`,
    env: { TREE: JSON.stringify({ ...shape, depth: shape.depth - 1 }), TMPDIR: process.env["TMPDIR"] },
  });
  if (shape.via === "task") await portal.open("grow");
  return portal as Portal<any>;
}

/** Read when it is asked for: the module may have been loaded by another process. */
const ownShape = (): Shape => JSON.parse(process.env["TREE"] ?? "{}") as Shape;
let child: Portal<any> | undefined;

export default defineActor(
  {
    /** All actors from here down, the topmost first. */
    pids: async (): Promise<number[]> => [
      process.pid,
      ...(child === undefined ? [] : ((await child.call("pids")) as number[])),
    ],
    /** Grows the levels below, and keeps them until cancelled. */
    grow: context({ started: type<void>() }, async (task) => {
      const shape = ownShape();
      if (shape.depth > 0) child = await plant(await task.openNursery(), shape);
      await task.started();
      await new Promise((resolve) => task.signal.addEventListener("abort", resolve));
    }),
    /** From here down, the deepest first, every actor (or the deepest alone) loops for ever once it has answered; it notes in `file` that it does. */
    spin: endpoint(async (_task, which: "all" | "deepest", file: string) => {
      await child?.call("spin", which, file);
      // Twice: the answer is on its way after the first.
      if (child === undefined || which === "all") setImmediate(() => setImmediate(() => loop(file)));
    }),
  },
  {
    async setup(task) {
      const shape = ownShape();
      if (shape.sleepers) spawn("sleep", ["1000"], { stdio: "ignore" });
      if (shape.deaf === true && shape.depth === 0) process.on("SIGTERM", () => {});
      if (shape.notes !== undefined) {
        const { notes } = shape;
        process.on("exit", () => appendFileSync(notes, `level-${shape.depth + 1}\n`));
      }
      if (shape.via === "setup" && shape.depth > 0) child = await plant(await task.openNursery(), shape);
    },
  },
);

function loop(file: string): never {
  appendFileSync(file, `${process.pid}\n`);
  for (;;);
}
