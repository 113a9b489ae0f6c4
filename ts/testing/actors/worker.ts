// The actor of most laws: it answers, fails, waits, loops and leaves on request.
import { context, defineActor, endpoint, type } from "../../actor/index.js";
import type { Task } from "../../context/surface.js";
import { builtin, inProcess } from "../builtin.js";
import { isOpen, type Latch } from "../latch.js";
import { leave, leaveBusy } from "../leave.js";
import { note } from "../notes.js";

/** Never settles, but for the task's cancel. */
const cancelled = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });

/** Drawn when a guest is built: its generator has begun by then, and all instances have that memory. */
const drawn = Math.random();

/** The task of setup: it lives as long as the actor. */
let own: Task;

const endpoints = {
  add: (a: number, b: number) => a + b,
  echo: (value: unknown) => value,
  greet: endpoint(async (_task, name: string) => `hello ${name}`),
  info: endpoint((task) => ({ ...task.actor, caller: task.caller, remaining: task.remaining() })),
  /** Asks an index that the host has offered for a word; with `count` it is changed first. */
  find: endpoint((task, key: string, word: string, count?: number) => {
    const index = task.inherited<{ words: Map<string, number>; find(word: string): string }>(key);
    if (count !== undefined) index.words.set(word, count);
    return index.find(word);
  }),
  fail: (message: string) => {
    throw Object.assign(new TypeError(message), { code: "E_TEST", detail: 7 });
  },
  /** Waits until cancelled; notes in `file` that its finally ran. */
  wait: endpoint(async (task, file?: string) => {
    try {
      return await cancelled(task.signal);
    } finally {
      if (file !== undefined) builtin("fs").appendFileSync(file, "finally\n");
    }
  }),
  /** A bare function that never answers. */
  forever: () => new Promise<never>(() => {}),
  /** Ignores its cancel: its loop lives. */
  ignore: endpoint(() => new Promise<never>(() => {})),
  /** Fails in its finally. */
  failOnCancel: endpoint(async (task, message: string) => {
    try {
      return await cancelled(task.signal);
    } finally {
      // oxlint-disable-next-line no-unsafe-finally -- the failure in a finally is what this is for
      throw new Error(message);
    }
  }),
  loop: () => {
    for (;;);
  },
  /** Numbers of every source of randomness that actors of all kinds have. */
  random: (count: number) =>
    Array.from({ length: count }, () => [
      Math.random() || drawn,
      crypto.randomUUID(),
      [...crypto.getRandomValues(new Uint32Array(4))].join(),
    ]).flat(),
  /** Opens a nursery of its own. */
  nest: endpoint(async (task) => {
    const nursery = await task.openNursery();
    await nursery.close();
    return "opened";
  }),
  leave,
  leaveBusy,
  /** Leaves when the latch opens; its loop lives until then. */
  leaveLater: (latch: Latch, code: number) => {
    setInterval(() => {
      if (isOpen(latch)) void leave(code);
    }, 5);
  },
  /** An error that nobody catches. */
  uncaught: (message: string) => {
    setTimeout(() => {
      throw new RangeError(message);
    }, 0);
  },
  /** Fails in a callback, of which there are several kinds. */
  failIn: (how: string) => {
    const error = new RangeError(`in a ${how}`);
    const fail = (): never => {
      throw error;
    };
    if (how === "timer") setTimeout(fail, 0);
    else if (how === "microtask") queueMicrotask(fail);
    else if (how === "promise of a timer") setTimeout(async () => fail(), 0);
    else {
      const target = new EventTarget();
      target.addEventListener(how, fail);
      target.dispatchEvent(new Event(how));
    }
  },
  reject: () => {
    void Promise.reject(new RangeError("nobody awaits this"));
  },
  counting: context({ started: type<string>() }, async (task, to: number) => {
    await task.started("counting");
    return to;
  }),
  /** Started, then waits until cancelled. */
  linger: context({ started: type<void>() }, async (task) => {
    await task.started();
    return cancelled(task.signal);
  }),
  /**
   * Notes each word when the actor ends: a process in the file `notes`, since what it sends while it fails is not read any more, a
   * guest in its log. A process makes the file `temporary` too, and removes it then.
   */
  deferAtEnd: (words: string[], notes: string, temporary: string) => {
    if (inProcess()) {
      const { appendFileSync, rmSync, writeFileSync } = builtin("fs");
      writeFileSync(temporary, "");
      own.defer(() => rmSync(temporary));
      for (const word of words) own.defer(() => appendFileSync(notes, `${word}\n`));
    } else {
      for (const word of words) own.defer(() => note(own, word));
    }
  },
};

export default defineActor(endpoints, {
  setup(task) {
    own = task;
  },
});
