// How the benches use `fork`: as brood runs its actors, with pipes for its output that are read, and nothing to read from.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";

export function forked(module: URL, serialization: "json" | "advanced" = "json"): ChildProcess {
  const child = fork(module, { stdio: ["ignore", "pipe", "pipe", "ipc"], serialization });
  child.stdout?.resume();
  child.stderr?.resume();
  return child;
}

/** Ends a child and waits until it and its output are gone. */
export async function ended(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  child.kill();
  await closed;
}
