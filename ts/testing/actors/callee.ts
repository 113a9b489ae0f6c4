// The actor of laws about calls: it holds, lets go, goes deaf, and meets others, all by gates.
import { appendFileSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { context, defineActor, endpoint, type } from "../../actor/index.js";
import { gate, until } from "../gate.js";

const held = new Map<string, ReturnType<typeof gate<string>>>();
const heldAt = (key: string): ReturnType<typeof gate<string>> => {
  const found = held.get(key) ?? gate<string>();
  held.set(key, found);
  return found;
};
let running = 0;

/** An export that is no endpoint. */
export const secret = (): string => "not exposed";

export default defineActor({
  pid: () => process.pid,
  nothing: () => undefined,
  null: () => null,
  empty: () => "",
  echo: (value: unknown) => value,
  later: async (value: unknown) => value,
  add: (a: number, b: number) => {
    if (typeof a !== "number" || typeof b !== "number")
      throw Object.assign(new TypeError("a and b must be numbers"), { got: [typeof a, typeof b] });
    return a + b;
  },
  /** Answers when `release` names the same key. */
  hold: (key: string) => heldAt(key).promise,
  release: (key: string, value: string) => heldAt(key).open(value),
  /** Throws when `file` appears, having noted in `accepted` that it began. */
  failLater: async (accepted: string, file: string, message: string) => {
    writeFileSync(accepted, "");
    await until(file, () => existsSync(file));
    throw new RangeError(message);
  },
  /** Waits for its cancel; its finally takes some turns of the loop before it notes. */
  holdUntilCancelled: endpoint(async (task, notes: string) => {
    running++;
    appendFileSync(notes, `started ${process.pid}\n`);
    try {
      return await new Promise<never>((_, reject) =>
        task.signal.addEventListener("abort", () => reject(task.signal.reason)),
      );
    } finally {
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
      running--;
      appendFileSync(notes, "finally\n");
    }
  }),
  running: () => running,
  /** Answers, and is deaf from then on. */
  deafen: () => {
    setImmediate(() => {
      for (;;);
    });
    return process.pid;
  },
  /** Notes that it has come, and leaves when `count` are there. */
  meet: async (directory: string, count: number) => {
    writeFileSync(join(directory, `${process.pid}.here`), "");
    await until(
      `${count} actors are here`,
      () => readdirSync(directory).filter((name) => name.endsWith(".here")).length === count,
    );
    return process.pid;
  },
  /** Results that cannot be sent. */
  returnFunction: () => ({ list: [1, { call: () => 1 }] }),
  returnPromiseOfFunction: async () => ({ deep: { call: () => 1 } }),
  /** How many arguments came. */
  count: (...args: unknown[]) => args.length,
  dialogue: context({ started: type<void>() }, async (task) => {
    await task.started();
  }),
});
