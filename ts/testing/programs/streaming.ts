// A host with streams of both kinds running, in actors that it has started itself, or that a task of another has.
import { actor } from "../../nursery/source.js";
import { withNursery } from "../../nursery/open.js";
import type { ProcessOptions } from "../../context/surface.js";
import { runStreams } from "../actors/streaming.js";
import { config, tell } from "../tell.js";

export interface StreamingConfig {
  readonly options: ProcessOptions;
  readonly starts: "program" | "task";
}

const { options, starts } = config<StreamingConfig>();

void withNursery(async (nursery) => {
  if (starts === "program") {
    await runStreams(nursery, options);
  } else {
    const what = actor<typeof import("../actors/streaming.js")>(new URL("../actors/streaming.js", import.meta.url));
    const portal = await nursery.start(what, { ...options, name: "streaming" });
    await portal.open("run", options);
  }
  tell("running");
  await new Promise(() => {});
});
