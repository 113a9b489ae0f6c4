// What all nurseries of this process share: who this process is, and how it meets SIGINT, SIGTERM, SIGHUP and SIGUSR2. It boots with
// the first nursery and leaves nothing behind after the last: no listener, no timer, no thread.
import { randomUUID } from "node:crypto";
import { realpathSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { isMainThread } from "node:worker_threads";
import { Cancelled, InvalidOption } from "../errors/kinds.js";
import { whenInherited } from "../native/inherited.js";
import { forgetScopes } from "../protocol/scopes.js";
import { here, LEVELS, settle, type Here } from "../protocol/here.js";

const DEFAULT_LEVEL = "info";
/** Signals that end a program from outside (design section 6). */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
/** Asks for a dump: SIGUSR1 is Node's. */
const DUMP_SIGNAL = "SIGUSR2";

/** This process's place in the tree; where it is no actor, it is the root. */
export function thisProcess(): Here {
  const known = here();
  if (known !== undefined) return known;
  const level = process.env["BROOD_LOGLEVEL"] || DEFAULT_LEVEL;
  if (!LEVELS.includes(level)) throw new InvalidOption("BROOD_LOGLEVEL", level, LEVELS.join(", "));
  const main = mainModule();
  const id = { name: main === undefined ? "root" : basename(main), uuid: randomUUID(), pid: process.pid };
  return settle({
    id,
    parent: undefined,
    root: id,
    path: "",
    logLevel: level,
    main,
    loadingMain: false,
    endingWithin: undefined,
  });
}

/** The URL of the file that Node was started with, where there is one. */
function mainModule(): string | undefined {
  const file = process.argv[1];
  if (file === undefined) return undefined;
  try {
    return pathToFileURL(realpathSync(file)).href;
  } catch {
    // `node some-module` without its extension, or a file that is gone: not needed unless an actor lives in it.
    return undefined;
  }
}

/** A nursery as the signals see it. */
export interface RootScope {
  /** Whether it asked for teardown also beside the program's own listeners. */
  readonly signals: boolean;
  /** Ends everything in it; resolves when it is gone. */
  interrupted(signal: string): Promise<void>;
  /** Kills everything in it, now. */
  killAll(): void;
}

const scopes = new Set<RootScope>();
/** Those that a signal is taking down. */
let tearingDown: readonly RootScope[] | undefined;

whenInherited(() => {
  scopes.clear();
  forgetScopes();
  tearingDown = undefined;
});

const listeners = new Map<NodeJS.Signals, () => void>(SIGNALS.map((signal) => [signal, () => hear(signal)]));

/** From now on the scope is torn down by signals. Only the root of the tree hears them: an actor ends by its Cancel frame. */
export function enter(scope: RootScope): void {
  if (thisProcess().parent !== undefined || !isMainThread) return;
  if (scopes.size === 0) {
    for (const [signal, listener] of listeners) process.on(signal, listener);
    if (dumper !== undefined) process.on(DUMP_SIGNAL, hearDump);
  }
  scopes.add(scope);
}

/** Prints what there is to see of this process, or gives it to whoever has asked for it. `mayPrint`: nobody else listens. */
export type Dumper = (mayPrint: boolean) => void;
let dumper: Dumper | undefined;

/** What SIGUSR2 does while there are nurseries. It is above this layer, and what a program does not import it does not load. */
export function onDumpAsked(does: Dumper): void {
  dumper = does;
}

function hearDump(): void {
  dumper?.(process.listenerCount(DUMP_SIGNAL) === 1);
}

export function leave(scope: RootScope): void {
  if (!scopes.delete(scope) || scopes.size > 0 || tearingDown !== undefined) return;
  unlisten();
}

function unlisten(): void {
  for (const [signal, listener] of listeners) process.removeListener(signal, listener);
  process.removeListener(DUMP_SIGNAL, hearDump);
}

function hear(signal: NodeJS.Signals): void {
  const others = process.listeners(signal).some((listener) => listener !== listeners.get(signal));
  if (tearingDown !== undefined) {
    for (const scope of tearingDown) scope.killAll();
    if (!others) raise(signal);
    return;
  }
  const asked = [...scopes].filter((scope) => scope.signals || !others);
  if (asked.length === 0) return;
  tearingDown = asked;
  const unshield = others ? (): void => {} : shield();
  void Promise.all(asked.map((scope) => scope.interrupted(signal))).then(() => {
    // After the program's own finally blocks, which the teardown has just set off, and before Node could report what it
    // rejected as unhandled: the signal is what ends this process.
    process.nextTick(() => {
      tearingDown = undefined;
      unshield();
      if (!others) raise(signal);
      else if (scopes.size === 0) unlisten();
    });
  });
}

/**
 * What the teardown itself rejects, in a program that awaits it nowhere, must not end the process before the actors have run
 * their `finally`: the signal will. Every other error ends it as ever.
 * @returns what takes the shield away
 */
function shield(): () => void {
  // The program has one of its own: errors are its business then.
  if (process.hasUncaughtExceptionCaptureCallback()) return () => {};
  const lift = (): void => process.setUncaughtExceptionCaptureCallback(null);
  process.setUncaughtExceptionCaptureCallback((error) => {
    if (error instanceof Cancelled && error.via === "host signal") return;
    lift();
    process.nextTick(() => {
      throw error;
    });
  });
  return lift;
}

/** Ends this process as Node would have for the signal. */
function raise(signal: NodeJS.Signals): void {
  unlisten();
  process.kill(process.pid, signal);
}
