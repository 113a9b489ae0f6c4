// A main module with an actor in it. It notes each evaluation of its top level in the file that argv names, and does as asked.
import { appendFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { defineActor, endpoint } from "../../actor/index.js";
import { openNursery, withNursery } from "../../nursery/open.js";
import { actor } from "../../nursery/source.js";
import type { ProcessOptions } from "../../context/surface.js";
import type { StartFailed } from "../../errors/kinds.js";

interface Config {
  readonly file: string;
  readonly options: ProcessOptions;
  /** Which actor: the one below, or one of another module. */
  readonly where: "main" | "elsewhere";
  /** What the top level does where it is not the main module of its process. */
  readonly inActor: "nothing" | "throw" | "nursery" | "floating nursery" | "late nursery";
}

const worker = actor<typeof import("../actors/worker.js")>(new URL("../actors/worker.js", import.meta.url));
const self = actor<typeof import("./main-actor.js")>(new URL(import.meta.url));

const isMain = process.argv[1] === fileURLToPath(import.meta.url);
const config = (isMain ? JSON.parse(process.argv[2] ?? "{}") : JSON.parse(process.env["MAIN_ACTOR"] ?? "{}")) as Config;

appendFileSync(config.file, `${isMain ? "main" : "actor"} ${String((import.meta as { main?: boolean }).main)}\n`);

if (!isMain && config.inActor === "throw") throw new RangeError("main cannot be loaded here");
if (!isMain && config.inActor === "nursery") await openNursery();
if (!isMain && config.inActor === "floating nursery") void openNursery();

// As in `main();`, with something to wait for before the nursery: by then the module has long been loaded.
if (!isMain && config.inActor === "late nursery") {
  void (async () => {
    await readFile(config.file);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const nursery = await openNursery();
    await nursery.start(self, { name: "another", ...config.options, env: { MAIN_ACTOR: JSON.stringify(config) } });
  })();
}

/** State of the module, to tell whether its top level has run. */
const loaded = "loaded";

export default defineActor({
  hello: () => `hello from main, ${loaded}`,
  /** A nursery opened by a task while main has long been loaded. */
  nested: endpoint(async (task) => {
    const nursery = await task.openNursery();
    const portal = await nursery.start(worker, { name: "nested" });
    return portal.call("add", 1, 2);
  }),
});

if (isMain) {
  let answer: object;
  try {
    answer = await withNursery(async (nursery) => {
      const options = { ...config.options, name: "one", env: { MAIN_ACTOR: JSON.stringify(config) } };
      if (config.where === "elsewhere") return { sum: await (await nursery.start(worker, options)).call("add", 1, 2) };
      const portal = await nursery.start(self, options);
      if (config.inActor === "late nursery") await portal.exited;
      return { said: await portal.call("hello"), nested: await portal.call("nested") };
    });
  } catch (thrown) {
    const error = thrown as StartFailed & {
      option?: string;
      cause?: { remote?: { name: string; code?: string; stack: string } };
    };
    answer = {
      name: error.name,
      code: error.code,
      message: error.message,
      option: error.option,
      remote: error.cause?.remote,
    };
  }
  console.log(JSON.stringify(answer));
}
