// What an actor of the laws uses of Node where there is one. Its module is started under every spawn method, and a guest has no
// Node: so nothing here is imported, and what is not there is undefined.

/** Whether this actor has a process. */
export const inProcess = (): boolean => node() !== undefined;

/** A module of Node's own; throws in a guest, which has none. */
export function builtin<N extends "fs" | "child_process">(
  name: N,
): { fs: typeof import("node:fs"); child_process: typeof import("node:child_process") }[N] {
  const found: unknown = node()?.getBuiltinModule(name);
  if (found === undefined) throw new TypeError(`a guest has no ${name}`);
  return found as never;
}

function node(): NodeJS.Process | undefined {
  return (globalThis as { process?: NodeJS.Process }).process;
}
