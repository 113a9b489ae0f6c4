// An actor, started by one of the spawn methods.
import { actor, openNursery, type SpawnMethod } from "brood";
import { built, COMPILE_TIMEOUT } from "../harness/built.js";
import type { Caller } from "./caller.js";

const MODULE = new URL("../actors/calls.js", import.meta.url);
const calls = actor<typeof import("../actors/calls.js")>(MODULE);

export async function broodCaller(spawn: SpawnMethod): Promise<Caller> {
  if (spawn === "wasm") await built(MODULE);
  const nursery = await openNursery();
  const portal = await nursery.start(calls, { name: "calls", spawn, startTimeout: COMPILE_TIMEOUT });
  return {
    add: (a, b) => portal.call("add", a, b),
    echo: (value) => portal.call("echo", value),
    close: () => nursery.close(),
  };
}
