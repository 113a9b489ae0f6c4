// What an actor of the laws uses of Node where there is one. Its module is started under every spawn method, and a guest has no
// Node: so nothing here is imported, and what is not there is refused where it is used.

/** Whether this actor has a process. */
export const inProcess = (): boolean => found() !== undefined;

/** Its process; throws in a guest, which has none. */
export function ownProcess(): NodeJS.Process {
  const process = found();
  if (process === undefined) throw new TypeError("a guest has no process");
  return process;
}

/** A module of Node's own; throws in a guest. */
export function builtin<N extends "fs" | "child_process">(
  name: N,
): { fs: typeof import("node:fs"); child_process: typeof import("node:child_process") }[N] {
  return ownProcess().getBuiltinModule(name) as never;
}

function found(): NodeJS.Process | undefined {
  return (globalThis as { process?: NodeJS.Process }).process;
}
