// What a process that was forked puts right about itself, whatever it was forked from: it is to be, as far as that can be seen from
// outside, the process that was asked for.
import type { ForkBirth } from "../protocol/entry-contract.js";

/** What a process has of the one that it is forked from until it is told otherwise. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** undefined: it is gone. */
  readonly cwd: string | undefined;
}

export function surroundings(): Surroundings {
  let cwd: string | undefined;
  try {
    cwd = process.cwd();
  } catch {
    // It is gone.
  }
  return { env: { ...process.env }, cwd };
}

/** What is so already is left alone. */
export function settle(
  { env, umask, cwd, title }: Pick<ForkBirth, "env" | "umask" | "cwd" | "title">,
  before: Surroundings,
): void {
  for (const name of Object.keys(before.env)) if (!(name in env)) delete process.env[name];
  for (const [name, value] of Object.entries(env)) if (before.env[name] !== value) process.env[name] = value;
  if (umask !== undefined) process.umask(umask);
  if (cwd !== undefined && cwd !== before.cwd) process.chdir(cwd);
  process.title = title;
}

/** The number that JavaScript has is that of the process which was forked. */
export function settlePid(pid: number): void {
  Object.defineProperty(process, "pid", { value: pid, enumerable: true, configurable: true, writable: false });
}

/** Who listens to `process`. */
export type Listeners = ReadonlyMap<string | symbol, readonly unknown[]>;

export function listenersNow(): Listeners {
  return new Map(process.eventNames().map((event) => [event, process.rawListeners(event as "exit")]));
}

/** Takes away who was not there before. */
export function removeOthers(before: Listeners): void {
  for (const [event, listeners] of listenersNow())
    for (const listener of listeners)
      if (before.get(event)?.includes(listener) !== true) process.removeListener(event, listener as () => void);
}
