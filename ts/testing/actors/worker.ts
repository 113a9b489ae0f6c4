// The actor of most laws: it answers, fails, waits, loops and leaves on request.
import { appendFileSync } from "node:fs";
import { context, defineActor, endpoint, type } from "../../actor/index.js";

/** Never settles, but for the task's cancel. */
const cancelled = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });

export default defineActor({
  add: (a: number, b: number) => a + b,
  echo: (value: unknown) => value,
  greet: endpoint(async (_task, name: string) => `hello ${name}`),
  info: endpoint((task) => ({
    ...task.actor,
    caller: task.caller,
    remaining: task.remaining(),
    pid: process.pid,
    ppid: process.ppid,
    argv: process.argv,
    execArgv: process.execArgv,
    env: { ...process.env },
    cwd: process.cwd(),
  })),
  fail: (message: string) => {
    throw Object.assign(new TypeError(message), { code: "E_TEST", detail: 7 });
  },
  /** Waits until cancelled; notes in `file` that its finally ran. */
  wait: endpoint(async (task, file?: string) => {
    try {
      return await cancelled(task.signal);
    } finally {
      if (file !== undefined) appendFileSync(file, "finally\n");
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
  leave: (code: number) => process.exit(code),
  reject: () => {
    void Promise.reject(new RangeError("nobody awaits this"));
  },
  counting: context({ started: type<string>() }, async (task, to: number) => {
    await task.started("counting");
    return to;
  }),
  /** Started, then waits until cancelled. */
  linger: context({ started: type<number>() }, async (task, file?: string) => {
    await task.started(process.pid);
    try {
      return await cancelled(task.signal);
    } finally {
      if (file !== undefined) appendFileSync(file, "finally\n");
    }
  }),
});
