// brood's pool, of process actors or of a component without any JavaScript in it.
import { actor, pool, type SpawnMethod } from "brood";
import { COMPILE_TIMEOUT } from "../harness/built.js";
import type { Caller } from "./caller.js";
import { plain } from "./component.js";

const calls = actor<typeof import("../actors/calls.js")>(new URL("../actors/calls.js", import.meta.url));

/** All `size` actors are ready before it is called, as those of the peers are. */
export async function broodPool(spawn: Extract<SpawnMethod, "forkserver" | "exec">, size: number): Promise<Caller> {
  const workers = pool(calls, { name: "calls", spawn, size, minSize: size, maxQueue: Infinity });
  await workers.ready();
  return {
    add: (a, b) => workers.call("add", a, b),
    echo: (value) => workers.call("echo", value),
    close: () => workers.close(),
  };
}

export async function componentPool(size: number): Promise<Caller> {
  const settings = { name: "plain", size, minSize: size, maxQueue: Infinity, startTimeout: COMPILE_TIMEOUT };
  const workers = pool(plain, settings);
  await workers.ready();
  return {
    add: (a, b) => workers.call("add", a, b),
    echo: (value) => workers.call("echo", value as string),
    close: () => workers.close(),
  };
}
