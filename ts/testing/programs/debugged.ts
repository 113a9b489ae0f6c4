// A host that is debugged, measured and has a parent; it prints what its actor knows of that.
import inspector from "node:inspector";
import { withNursery } from "../../nursery/open.js";
import { actor } from "../../nursery/source.js";
import type { ProcessOptions } from "../../context/surface.js";

const observer = actor<typeof import("../actors/observer.js")>(new URL("../actors/observer.js", import.meta.url));
const options = JSON.parse(process.argv[2] ?? "{}") as ProcessOptions;

const seen = await withNursery(async (nursery) => {
  const portal = await nursery.start(observer, { ...options, name: "observer" });
  return portal.call("debugging");
});
console.log(
  JSON.stringify({ host: { inspector: inspector.url() !== undefined, ipc: process.send !== undefined }, actor: seen }),
);
// An IPC channel would keep this process.
process.disconnect?.();
