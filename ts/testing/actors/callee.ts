// The actor of laws about calls: it holds, lets go and goes deaf, all by gates.
import { context, defineActor, endpoint, type } from "../../actor/index.js";
import { gate } from "../gate.js";
import { note } from "../notes.js";

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
  id: endpoint((task) => task.actor.id),
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
  /** Throws when `key` is released. */
  failLater: async (key: string, message: string) => {
    running++;
    await heldAt(key).promise;
    running--;
    throw new RangeError(message);
  },
  /** Waits for its cancel; its finally takes some turns of the loop before it notes. */
  holdUntilCancelled: endpoint(async (task) => {
    running++;
    note(task, "started");
    try {
      return await new Promise<never>((_, reject) =>
        task.signal.addEventListener("abort", () => reject(task.signal.reason)),
      );
    } finally {
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
      running--;
      note(task, "finally");
    }
  }),
  running: () => running,
  /** ms that it has. */
  remaining: endpoint((task) => task.remaining()),
  /** Answers, and is deaf from then on. */
  deafen: endpoint((task) => {
    setTimeout(() => {
      for (;;);
    }, 0);
    return task.actor.id;
  }),
  /** Results that cannot be sent. */
  returnFunction: () => ({ list: [1, { call: () => 1 }] }),
  returnPromiseOfFunction: async () => ({ deep: { call: () => 1 } }),
  /** How many arguments came. */
  count: (...args: unknown[]) => args.length,
  dialogue: context({ started: type<void>() }, async (task) => {
    await task.started();
  }),
});
