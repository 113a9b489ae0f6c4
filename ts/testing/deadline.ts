// A deadline that is kept from outside the event loop. What waits for ever is rejected, with what keeps the process; what never lets the
// loop turn again cannot be: a thread beside it says where it hangs, and ends the process.
import { Worker } from "node:worker_threads";
import { processesBelow } from "./processes.js";

/** How much later than the loop's own timer the thread acts, in ms: a loop that is only busy still comes to it. */
const GRACE = 1_000;

/** What the thread is given. */
export interface Watched {
  readonly what: string;
  readonly ms: number;
  /** One number: not 0 once the body is over. */
  readonly over: SharedArrayBuffer;
  readonly after: number;
}

export interface WithinOptions {
  /** Text for the error on what there is to see, as of `async () => formatTree(await dumpTree())`; it is waited for 3 s at most. */
  describe?: (() => string | Promise<string>) | undefined;
}

/** How long a description may take, in ms. */
const DESCRIBING = 3_000;

/** A body that was not over in time. */
export class DeadlinePassed extends Error {
  override readonly name = "DeadlinePassed";

  /**
   * @param what was to be over
   * @param ms in which
   * @param resources what keeps the event loop: timers, sockets, processes
   * @param processes below this one, as `pid command`
   * @param description what `describe` gave
   */
  constructor(
    readonly what: string,
    readonly ms: number,
    readonly resources: readonly string[],
    readonly processes: readonly string[],
    readonly description?: string,
  ) {
    const list = (title: string, things: readonly string[]): string =>
      things.length === 0 ? "" : `\n${title}:\n${things.map((thing) => `  ${thing}`).join("\n")}`;
    super(
      `${what}: not over within ${ms} ms${list("what keeps the event loop", resources)}${list("processes below this one", processes)}${list("what there is to see", description?.trimEnd().split("\n") ?? [])}`,
    );
  }
}

/**
 * Runs a body, bounded. Where the event loop is blocked past the deadline, standard error tells where, and the process is ended by SIGKILL.
 * @param what names it in what is told
 * @param ms wall time
 * @throws DeadlinePassed; what the body throws. A body that is too late goes on, and what becomes of it is not told.
 */
export async function within<T>(
  what: string,
  ms: number,
  body: () => T | Promise<T>,
  { describe }: WithinOptions = {},
): Promise<T> {
  const over = new SharedArrayBuffer(4);
  const workerData: Watched = { what, ms, over, after: ms + GRACE };
  const watch = new Worker(new URL("./deadline-watch.js", import.meta.url), { workerData, execArgv: [], stdin: false });
  watch.unref();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<Late>((resolve) => {
    timer = setTimeout(() => resolve(new Late()), ms);
  });
  let end: T | Late;
  try {
    end = await Promise.race([body(), late]);
  } finally {
    clearTimeout(timer);
    Atomics.store(new Int32Array(over), 0, 1);
    Atomics.notify(new Int32Array(over), 0);
    await watch.terminate();
  }
  if (!(end instanceof Late)) return end;
  throw new DeadlinePassed(what, ms, end.resources, end.processes, describe && (await described(describe)));
}

/** The deadline has passed: what there was then. */
class Late {
  readonly resources = process.getActiveResourcesInfo();
  readonly processes = processesBelow();
}

async function described(describe: () => string | Promise<string>): Promise<string> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const never = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, DESCRIBING, `no description within ${DESCRIBING} ms`);
  });
  try {
    return await Promise.race([describe(), never]);
  } catch (error) {
    return `no description: ${String(error)}`;
  } finally {
    clearTimeout(timer);
  }
}
