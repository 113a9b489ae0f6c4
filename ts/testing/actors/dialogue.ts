// The actor of laws about contexts: peers that start, fail, obey, fail to obey, and note what they did.
import { context, defineActor, endpoint, type } from "../../actor/index.js";
import type { ContextTask, Task } from "../../context/surface.js";
import type { Cancelled } from "../../errors/kinds.js";
import { gate } from "../gate.js";
import { isOpen, type Latch } from "../latch.js";
import { note } from "../notes.js";

const held = new Map<string, ReturnType<typeof gate<unknown>>>();
const heldAt = (key: string): ReturnType<typeof gate<unknown>> => {
  const found = held.get(key) ?? gate<unknown>();
  held.set(key, found);
  return found;
};
/** Peers that run now. */
let running = 0;

const cancelled = (task: Task): Promise<never> =>
  new Promise((_, reject) => {
    if (task.signal.aborted) reject(task.signal.reason);
    task.signal.addEventListener("abort", () => reject(task.signal.reason));
  });

const value = { started: type<unknown>() };

export default defineActor({
  add: (a: number, b: number) => a + b,
  running: () => running,
  release: (key: string, what?: unknown) => heldAt(key).open(what),
  /** A call that waits for its release. */
  hold: (key: string) => heldAt(key).promise,
  startThen: context(value, async (task, started: unknown, result: unknown) => {
    await task.started(started);
    return result;
  }),
  /** Starts with what it is released with, returns what it is released with again. */
  startOnRelease: context(value, async (task, key: string) => {
    running++;
    try {
      await task.started(await Promise.race([heldAt(`${key}.start`).promise, cancelled(task)]));
      return await heldAt(`${key}.end`).promise;
    } finally {
      running--;
    }
  }),
  neverStart: context(value, async () => "returned"),
  implied: context({}, async () => "implied"),
  startTwice: context(value, async (task) => {
    await task.started(1);
    try {
      await task.started(2);
    } catch (error) {
      throw new Error("it was refused", { cause: error });
    }
    return "no error";
  }),
  startTwiceLetThrough: context(value, async (task) => {
    await task.started(1);
    await task.started(2);
  }),
  startUnsendable: context(value, async (task) => {
    try {
      await task.started({ list: [() => 1] });
    } catch (error) {
      await task.started((error as Error).message);
    }
    return "survived";
  }),
  failFirst: context(value, async (_task, message: string) => {
    throw new RangeError(message);
  }),
  failThen: context(value, async (task, key: string, message: string) => {
    await task.started(undefined);
    await heldAt(key).promise;
    throw new RangeError(message);
  }),
  /** Waits for its cancel, and notes what it said; its finally takes some turns of the loop. */
  heed: context(value, async (task): Promise<never> => heed(task)),
  /** The same, and fails in its finally. */
  heedBadly: context(value, async (task, message: string) => {
    await task.started(undefined);
    try {
      return await cancelled(task);
    } finally {
      // oxlint-disable-next-line no-unsafe-finally -- the failure in a finally is what this is for
      throw new RangeError(message);
    }
  }),
  /** Returns although it was cancelled. */
  returnAnyway: context(value, async (task, result: unknown) => {
    await task.started(undefined);
    await cancelled(task).catch(() => {});
    return result;
  }),
  /** Its loop is silent until the latch opens, soon after it has noted that. */
  deafUntil: context(value, async (task, latch: Latch) => {
    await task.started(undefined);
    note(task, "deaf");
    // Twice: what it said is on its way after the first.
    setTimeout(() =>
      setTimeout(() => {
        while (!isOpen(latch));
      }, 0),
    );
    return cancelled(task);
  }),
  info: endpoint((task) => task.caller),
});

async function heed(task: ContextTask<{ started: object }>): Promise<never> {
  running++;
  await task.started(undefined as never);
  try {
    return await cancelled(task);
  } finally {
    const { scope, via, canceller, reason } = task.signal.reason as Cancelled;
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    running--;
    note(task, JSON.stringify([scope, via, canceller.uuid, reason instanceof Error ? reason.message : reason]));
  }
}
