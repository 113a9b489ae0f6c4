// How the benches use `fork`: as brood runs its actors, with pipes for its output that are read, nothing to read from, and the few
// variables that an actor has. More would be unfair: NODE_EXTRA_CA_CERTS alone more than doubles the start of Node 20.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";

export function forked(
  module: URL,
  serialization: "json" | "advanced" = "json",
  args: readonly string[] = [],
): ChildProcess {
  const child = fork(module, args, { stdio: ["ignore", "pipe", "pipe", "ipc"], serialization, env: environment() });
  child.stdout?.resume();
  child.stderr?.resume();
  return child;
}

function environment(): NodeJS.ProcessEnv {
  const names = ["PATH", "HOME", "LANG", "TZ"];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

/** Ends a child and waits until it and its output are gone. */
export async function ended(child: ChildProcess): Promise<void> {
  const closed = once(child, "close");
  child.kill();
  await closed;
}
