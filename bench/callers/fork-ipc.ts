// A child of `fork` and messages with numbers.
import { once } from "node:events";
import type { Serializable } from "node:child_process";
import { ended, forked } from "../peers/forked.js";
import { Requests, type Answer } from "../peers/requests.js";
import type { Caller } from "./caller.js";

/** @param serialization "json" is Node's default, and carries no bytes; "advanced" carries what `structuredClone` does */
export async function forkIpcCaller(serialization: "json" | "advanced"): Promise<Caller> {
  const child = forked(new URL("../peers/call-fork.js", import.meta.url), serialization);
  await once(child, "message");
  const requests = new Requests((request) => child.send(request as unknown as Serializable));
  child.on("message", (message) => requests.answered(message as unknown as Answer));
  const lost = (): never => {
    throw new Error("the child of fork-ipc has ended");
  };
  child.once("exit", lost);
  return {
    add: (a, b) => requests.call("add", a, b),
    echo: (value) => requests.call("echo", value),
    close() {
      child.off("exit", lost);
      return ended(child);
    },
  };
}
