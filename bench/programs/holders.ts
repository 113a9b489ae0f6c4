// Many JavaScript actors that each hold 1 MB of state, all alive at once, and all of them answer. Argument: how many.
import { actor, openNursery } from "brood";
import { COMPILE_TIMEOUT } from "../harness/built.js";
import { memory } from "./memory.js";

export interface Holders {
  /** KiB of the whole process. */
  readonly pss: number;
  /** ms from the first start until all hold their state. */
  readonly held: number;
  /** ms until all had answered, asked all at once. */
  readonly answered: number;
}

const count = Number(process.argv[2]);
const holder = actor<typeof import("../actors/holder.js")>(new URL("../actors/holder.js", import.meta.url));
const nursery = await openNursery({ startTimeout: COMPILE_TIMEOUT });

const from = performance.now();
const portals = [];
for (let index = 0; index < count; index++) {
  const portal = await nursery.start(holder, { name: "holder", spawn: "wasm" });
  await portal.call("hold", index % 256);
  portals.push(portal);
}
const held = performance.now() - from;
const asked = performance.now();
const answers = await Promise.all(portals.map((portal) => portal.call("held")));
const answered = performance.now() - asked;
for (const [index, { bytes, first, last }] of answers.entries()) {
  if (bytes !== 1_000_000 || first !== index % 256 || last !== index % 256)
    throw new Error(`actor ${index} lost its state`);
}
const found: Holders = { pss: (await memory()).pss, held, answered };
process.stdout.write(JSON.stringify(found));
await nursery.close();
