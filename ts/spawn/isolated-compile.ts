// Compiles a component that nobody vouches for in a process of its own, which has only the engine, a bounded memory and a bounded
// time, and leaves the result in the private cache. One at a time. The process ends with this one, however that ends.
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { EngineFailure } from "../native/engine.js";
import { whenInherited } from "../native/inherited.js";
import { loadForkserver } from "../native/load.js";
import { entryFile } from "./entry-files.js";
import type { Origin } from "./method.js";

/** How long a compile may take, in ms (design section 4). */
const TIME = 30_000;
/** What the child says is a line of JSON; more than this is not ours. */
const MOST_ANSWER = 64 * 1024;

interface Job {
  readonly origin: Origin;
  readonly cache: string;
  readonly done: (failure: EngineFailure | undefined) => void;
  givenUp: boolean;
}

const queue: Job[] = [];
let running: { readonly job: Job; readonly child: ChildProcess | undefined } | undefined;
whenInherited(() => {
  queue.length = 0;
  running = undefined;
});

/**
 * Compiles into the directory `cache`.
 * @param done told once, with why it failed where it did; not after the compile was given up
 * @returns gives the compile up; a process of it is killed
 */
export function compileIsolated(
  origin: Origin,
  cache: string,
  done: (failure: EngineFailure | undefined) => void,
): () => void {
  const job: Job = { origin, cache, done, givenUp: false };
  queue.push(job);
  next();
  return () => {
    job.givenUp = true;
    const at = queue.indexOf(job);
    if (at >= 0) queue.splice(at, 1);
    else if (running?.job === job) running.child?.kill("SIGKILL");
  };
}

function next(): void {
  if (running !== undefined) return;
  const job = queue.shift();
  if (job === undefined) return;
  let over = false;
  const finish = (failure: EngineFailure | undefined): void => {
    if (over) return;
    over = true;
    running = undefined;
    if (!job.givenUp) job.done(failure);
    next();
  };
  running = { job, child: undefined };
  try {
    running = { job, child: begin(job, finish) };
  } catch (error) {
    finish({ code: "internal", message: `its compiler could not be started: ${textOf(error)}` });
  }
}

function begin(job: Job, finish: (failure: EngineFailure | undefined) => void): ChildProcess {
  const { file, bytes } = job.origin;
  const native = loadForkserver();
  const input = file === undefined ? undefined : openSync(file, "r");
  const lifeline = new native.Lifeline();
  let child: ChildProcess;
  try {
    child = spawn(process.execPath, [entryFile("compile"), job.cache], {
      // Nothing of this process's own: what is compiled may have taken the compiler over.
      env: { NODE_V8_COVERAGE: undefined },
      // The lifeline stands where the entry's contract says, LIFELINE_FD; there is no channel.
      stdio: [input ?? "pipe", "pipe", "ignore", "ignore", lifeline.readFd],
      detached: true,
      windowsHide: true,
    });
  } catch (error) {
    lifeline.release();
    throw error;
  } finally {
    lifeline.handedOver();
    if (input !== undefined) closeSync(input);
  }
  let late = false;
  let said = "";
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, TIME);
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    if (said.length < MOST_ANSWER) said += text;
  });
  child.stdout?.on("error", () => {});
  // A child that ends early does not read the rest.
  child.stdin?.on("error", () => {});
  if (bytes !== undefined) child.stdin?.end(bytes);
  const over = (failure: EngineFailure | undefined): void => {
    clearTimeout(timer);
    lifeline.release();
    finish(failure);
  };
  child.once("error", (error) =>
    over({ code: "internal", message: `its compiler could not be started: ${error.message}` }),
  );
  // Not `exit`: what it said is read by then.
  child.once("close", (code, signal) => {
    if (late) return over({ code: "compile-time", message: `its compile took longer than ${TIME / 1000} s` });
    if (signal !== null)
      return over({ code: "compile-memory", message: `its compiler was ended by ${signal}, for want of memory` });
    over(code === 0 ? undefined : answerOf(said));
  });
  return child;
}

/** What the child said is a stranger's word too. */
function answerOf(said: string): EngineFailure {
  try {
    const { code, message } = JSON.parse(said) as Partial<EngineFailure>;
    if (typeof code === "string" && typeof message === "string") return { code, message: message.slice(0, 4096) };
  } catch {
    // Falls through.
  }
  return { code: "compile-memory", message: "its compiler ended without an answer, for want of memory" };
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
