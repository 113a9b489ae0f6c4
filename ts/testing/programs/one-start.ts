// Starts one actor and prints how that went, as JSON: for copies of brood that lack something, and for settings of the
// environment that are not acceptable.
import { withNursery } from "../../nursery/open.js";
import { actor } from "../../nursery/source.js";
import type { ProcessOptions } from "../../context/surface.js";
import type { NativeMissing } from "../../errors/kinds.js";

const worker = actor<typeof import("../actors/worker.js")>(new URL("../actors/worker.js", import.meta.url));
const options = JSON.parse(process.argv[2] ?? "{}") as ProcessOptions;

type Told = {
  name: string;
  code?: string;
  message: string;
  cause?: unknown;
  tried?: NativeMissing["tried"];
  phase?: string;
  option?: string;
};

const tell = (error: Told): object => ({
  name: error.name,
  code: error.code,
  message: error.message,
  phase: error.phase,
  option: error.option,
  tried: error.tried,
  cause: error.cause instanceof Error ? tell(error.cause as Told) : undefined,
});

let answer: object;
try {
  answer = await withNursery(async (nursery) => {
    const portal = await nursery.start(worker, { ...options, name: "one" });
    const { logLevel } = await portal.call("info");
    return {
      sum: await portal.call("add", 1, 2),
      spawnMethod: portal.spawnMethod,
      spawnReason: portal.spawnReason,
      logLevel,
    };
  });
} catch (error) {
  answer = { error: tell(error as Told) };
}
console.log(JSON.stringify(answer));
