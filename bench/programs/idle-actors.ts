// What an idle JavaScript actor takes in memory: the growth of this process by many of them, divided by their number.
// Argument: how many.
import { readFileSync, statSync } from "node:fs";
import { actor, openNursery } from "brood";
import { COMPILE_TIMEOUT } from "../harness/built.js";
import { memory } from "./memory.js";

export interface IdleActors {
  /** KiB of each, after one call. */
  readonly pss: number;
  /** KiB that the start of each has written. */
  readonly start: number;
  /** KiB that its first call has written. */
  readonly call: number;
  /** Bytes of the compiled component. */
  readonly compiled: number;
}

const count = Number(process.argv[2]);
const tiny = actor<typeof import("../actors/tiny.js")>(new URL("../actors/tiny.js", import.meta.url));
const nursery = await openNursery({ startTimeout: COMPILE_TIMEOUT });
const start = () => nursery.start(tiny, { name: "tiny", spawn: "wasm" });

// Whatever the first of them brings along is not theirs.
const first = await start();
await first.call("ping");
await first.close();

const before = await memory();
const portals: Awaited<ReturnType<typeof start>>[] = [];
for (let index = 0; index < count; index++) portals.push(await start());
const started = await memory();
for (const portal of portals) {
  if ((await portal.call("ping")) !== "pong") throw new Error("ping was not answered with pong");
}
const called = await memory();
if (nursery.children.length !== count) throw new Error(`${nursery.children.length} of ${count} actors are alive`);

const mapped = readFileSync("/proc/self/maps", "utf8").match(/\/\S+\.cwasm$/gm) ?? [];
const compiled = [...new Set(mapped)].reduce((bytes, file) => bytes + statSync(file).size, 0);
const found: IdleActors = {
  pss: (called.pss - before.pss) / count,
  start: (started.dirty - before.dirty) / count,
  call: (called.dirty - started.dirty) / count,
  compiled,
};
process.stdout.write(JSON.stringify(found));
await nursery.close();
