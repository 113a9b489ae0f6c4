// Before the first law: what the first actor of a method opens stays, and what it compiles is kept. Neither is a law's business.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import type { SpawnMethod } from "../context/surface.js";
import { withNursery } from "../nursery/open.js";
import { actor, source } from "../nursery/source.js";

/** The modules of actors that run under every method. */
const PORTABLE = ["callee", "cancels", "dialogue", "member", "thrower", "unready", "worker"];
/** For a component that nobody has compiled yet, on a busy machine; ms. */
const COMPILING = 120_000;

/** Starts what the laws start. */
export async function warmUp(method: SpawnMethod): Promise<void> {
  // The first file read by a promise opens libuv's pool, the first child process with pipes /dev/null.
  await stat(".");
  await once(spawn(process.execPath, ["--version"], { stdio: "pipe" }), "exit");
  await withNursery(async (nursery) => {
    const names = method === "wasm" ? PORTABLE : PORTABLE.slice(0, 1);
    for (const name of names) {
      const what = actor<{ default: { endpoints: { add(a: number, b: number): number } } }>(
        new URL(`./actors/${name}.js`, import.meta.url),
      );
      await nursery.run(what, "add", [1, 2], { spawn: method, name, startTimeout: COMPILING });
    }
    // Beside actors of any method there may be a text.
    const text = source<{ one(): number }>("({ one: () => 1 })");
    await nursery.run(text, "one", [], { startTimeout: COMPILING });
    if (method !== "wasm" && method !== "main_thread_forkserver") return;
    // A law may leave the choice of the method to brood, for an actor that is not built.
    await nursery.run(actor(new URL("./actors/callee.js", import.meta.url)), "add", [1, 2], { name: "default" });
  });
}
