// exec-spawn: from the start of an exec actor to its first answer, beside `fork` to its first message. Both run an ES module of a
// few lines and have their output read through pipes. Ending the process is part of a sample, not of its time.
import { once } from "node:events";
import { actor, openNursery } from "brood";
import type { Contender, Row } from "../harness/row.js";
import { ended, forked } from "../peers/forked.js";
import { starts } from "./starts.js";

const tiny = actor<typeof import("../actors/tiny.js")>(new URL("../actors/tiny.js", import.meta.url));

async function brood(): Promise<Contender> {
  const nursery = await openNursery();
  return {
    round: (samples) =>
      starts(samples, async () => {
        const from = performance.now();
        const portal = await nursery.start(tiny, { name: "tiny", spawn: "exec" });
        const answer = await portal.call("ping");
        const ms = performance.now() - from;
        if (answer !== "pong") throw new Error(`ping was answered with ${answer}`);
        return { value: ms, end: () => portal.close() };
      }),
    close: () => nursery.close(),
  };
}

async function fork(): Promise<Contender> {
  return {
    round: (samples) =>
      starts(samples, async () => {
        const from = performance.now();
        const child = forked(new URL("../peers/tiny-fork.js", import.meta.url));
        const [message] = await once(child, "message");
        const ms = performance.now() - from;
        if (message !== "ready") throw new Error(`the first message is ${message}`);
        return { value: ms, end: () => ended(child) };
      }),
    close: async () => {},
  };
}

export const execSpawn: Row = {
  name: "exec-spawn",
  unit: "ms",
  what: "start of a tiny actor to its first answer; fork to its first message",
  rounds: 15,
  warmUp: 1,
  samples: 3,
  goals: [{ peer: "child_process.fork", ratio: 0.83 }],
  brood,
  peers: { "child_process.fork": fork },
};
