// An exec actor.
import { actor, openNursery } from "brood";
import type { Caller } from "./caller.js";

const calls = actor<typeof import("../actors/calls.js")>(new URL("../actors/calls.js", import.meta.url));

export async function broodCaller(): Promise<Caller> {
  const nursery = await openNursery();
  const portal = await nursery.start(calls, { name: "calls", spawn: "exec" });
  return {
    add: (a, b) => portal.call("add", a, b),
    echo: (value) => portal.call("echo", value),
    close: () => nursery.close(),
  };
}
