// The actor of laws about streams: it sends, reads, stalls and ends as it is told.
import { context, defineActor, endpoint, type } from "../../actor/index.js";
import { gate } from "../gate.js";
import { note } from "../notes.js";

const held = new Map<string, ReturnType<typeof gate<unknown>>>();
const heldAt = (key: string): ReturnType<typeof gate<unknown>> => {
  const found = held.get(key) ?? gate<unknown>();
  held.set(key, found);
  return found;
};
/** By key: what a sender has sent, and what became of it. */
const progress = new Map<string, { sent: number; error: string }>();

const anything = { receives: type<any>(), sends: type<any>() };
const declared = { started: type<unknown>(), ...anything };

const said = (error: unknown): string => {
  const { name, by, message } = error as { name: string; by?: string; message: string };
  return by === undefined ? `${name}: ${message}` : `${name} by ${by}`;
};

export default defineActor({
  add: (a: number, b: number) => a + b,
  /** An error that nobody catches. */
  uncaught: (message: string) => {
    setTimeout(() => {
      throw new RangeError(message);
    }, 0);
  },
  release: (key: string, what?: unknown) => heldAt(key).open(what),
  hold: (key: string) => heldAt(key).promise,
  progress: (key: string) => progress.get(key),
  /** Sends back what comes until that ends; returns how many. */
  echo: context(declared, async (task) => {
    await task.started("ready");
    let count = 0;
    for await (const message of task.stream) {
      await task.stream.send(message);
      count++;
    }
    return count;
  }),
  /** Sends back so many, then ends its direction and reads on until the other ends. */
  echoSome: context(anything, async (task, most: number) => {
    let count = 0;
    for await (const message of task.stream) {
      await task.stream.send(message);
      if (++count === most) break;
    }
    await task.stream.end();
    for await (const message of task.stream) count += message === "late" ? 1 : 0;
    return count;
  }),
  /** Returns without a word. */
  silent: context(anything, async (_task, result: unknown) => result),
  /** Uses its stream too early. */
  early: context(declared, async (task, how: "send" | "read") => {
    if (how === "send") await task.stream.send(1);
    else await task.stream.next();
  }),
  /** Sends so many, then throws. */
  sendAndFail: context(anything, async (task, count: number, stop: boolean) => {
    for (let i = 0; i < count; i++) await task.stream.send(i);
    if (stop) await task.stream.end();
    throw new RangeError("failed after sending");
  }),
  /** Sends numbers, with bytes beside them, until it cannot, and notes how far it came and why. */
  flood: context(anything, async (task, key: string, bytes = 0, most = Infinity) => {
    const state = { sent: 0, error: "" };
    progress.set(key, state);
    const filling = new Uint8Array(bytes);
    try {
      for (; state.sent < most; state.sent++) await task.stream.send(bytes === 0 ? state.sent : filling);
    } catch (error) {
      state.error = said(error);
      throw error;
    }
    return state.sent;
  }),
  /** Reads nothing until it is released; then returns, fails, or reads on and counts. */
  stall: context(anything, async (task, key: string) => {
    await task.started();
    const how = await Promise.race([
      heldAt(key).promise,
      new Promise((_, reject) => task.signal.addEventListener("abort", () => reject(task.signal.reason))),
    ]);
    if (how === "fail") throw new RangeError("failed while the sender waited");
    let count = 0;
    if (how === "read") while ((await task.stream.next()).done !== true) count++;
    return count;
  }),
  /** Uses its stream after each kind of end. */
  afterEnd: context(anything, async (task) => {
    await task.stream.end();
    await task.stream.end();
    const error = await task.stream.send(1).catch(said);
    return [error];
  }),
  /** A feed beside a dialogue: numbers by themselves, and an answer to each message. */
  feedAndAnswer: context(anything, async (task, count: number) => {
    const feed = async (): Promise<void> => {
      for (let i = 0; i < count; i++) await task.stream.send({ feed: i });
    };
    const answers = async (): Promise<void> => {
      for await (const message of task.stream) await task.stream.send({ answer: message });
    };
    await Promise.all([feed(), answers()]);
    return "both done";
  }),
  /** What is sent to it, whole: its length, and the sum of its bytes. */
  measure: context(anything, async (task) => {
    for await (const message of task.stream) {
      const bytes = message as Uint8Array;
      await task.stream.send([bytes.length, bytes.reduce((sum, byte) => (sum + byte) % 65_521, 0)]);
    }
  }),
  async *count(to: number) {
    for (let i = 0; i < to; i++) yield i;
    return "counted";
  },
  /** Notes its finally. */
  forever: endpoint(async function* (task) {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
      note(task, "finally");
    }
  }),
  async *countAndFail(to: number) {
    for (let i = 0; i < to; i++) yield i;
    throw new RangeError("failed after counting");
  },
  async *yieldUnsendable() {
    yield 1;
    try {
      yield { list: [() => 1] };
    } catch (error) {
      yield (error as Error).message;
    }
    return "survived";
  },
  /** Bursts on a topic that can be changed while it runs; tells each change before anything of the new topic. */
  publish: context(anything, async (task, first: string) => {
    const now = { topic: first, running: true };
    const changes = async (): Promise<void> => {
      for await (const message of task.stream) {
        now.topic = message as string;
        await task.stream.send({ changed: now.topic });
      }
      now.running = false;
    };
    const changing = changes();
    for (let i = 0; now.running; i++) {
      await task.stream.send({ topic: now.topic, i });
      // A turn of the loop, in which a change can arrive.
      if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await changing;
    return now.topic;
  }),
});
