// A host that waits at its top level for an actor to leave by itself, and does nothing else.
import { openNursery } from "../../nursery/open.js";
import { actor } from "../../nursery/source.js";
import type { SpawnMethod } from "../../context/surface.js";
import { config, tell } from "../tell.js";

const { file, method } = config<{ file: string; method: SpawnMethod }>();
const scopes = actor<typeof import("../actors/scopes.js")>(new URL("../actors/scopes.js", import.meta.url));

const nursery = await openNursery();
const portal = await nursery.start(scopes, { spawn: method, name: "leaver", onDeath: "report" });
await portal.call("leaveLater", file, 0);
tell("joining");
await nursery.join();
// The nursery is still open, and nothing of brood holds this process.
tell("joined");
