// A host that waits at its top level for an actor to leave by itself, and does nothing else.
import { openNursery } from "../../nursery/open.js";
import { actor } from "../../nursery/source.js";
import type { SpawnMethod } from "../../context/surface.js";
import type { Latch } from "../latch.js";
import { config, tell } from "../tell.js";

const { latch, method } = config<{ latch: Latch; method: SpawnMethod }>();
const worker = actor<typeof import("../actors/worker.js")>(new URL("../actors/worker.js", import.meta.url));

const nursery = await openNursery();
const portal = await nursery.start(worker, { spawn: method, name: "leaver", onDeath: "report" });
await portal.call("leaveLater", latch, 0);
tell("joining");
await nursery.join();
// The nursery is still open, and nothing of brood holds this process.
tell("joined");
