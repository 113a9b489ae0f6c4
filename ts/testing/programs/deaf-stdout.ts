// A host whose standard output nobody reads. Its actor writes far more than a pipe takes; the host must go on, and end.
import { openNursery } from "../../nursery/open.js";
import { actor } from "../../nursery/source.js";
import type { ProcessOptions } from "../../context/surface.js";

const talker = actor<typeof import("../actors/talker.js")>(new URL("../actors/talker.js", import.meta.url));
const options = JSON.parse(process.argv[2] ?? "{}") as ProcessOptions;

const nursery = await openNursery();
const portal = await nursery.start(talker, { ...options, name: "talker" });
const sibling = await nursery.start(talker, { ...options, name: "sibling" });
const poured = await portal.call("pourLines", 40_000);
const sum = await sibling.call("add", 1, 2);
await nursery.close();
process.stderr.write(`${JSON.stringify({ poured, sum })}\n`);
