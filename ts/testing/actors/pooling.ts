// An actor that has a pool of its own.
import { defineActor, endpoint } from "../../actor/index.js";
import type { ProcessOptions } from "../../context/surface.js";
import { actor } from "../../nursery/source.js";
import { pool } from "../../supervisor/pool.js";

const worker = actor<typeof import("./worker.js")>(new URL("./worker.js", import.meta.url));

export default defineActor({
  /** A pool below, which is gone with the task: the names of its actors, and the time that a call of it has. */
  pooled: endpoint(async (task, options: ProcessOptions) => {
    const workers = pool(worker, { ...options, size: 2, nursery: await task.openNursery() });
    const infos = await Promise.all(Array.from({ length: 4 }, () => workers.call("info")));
    return { ids: infos.map(({ id }) => id), paths: infos.map(({ path }) => path), remaining: infos[0]?.remaining };
  }),
});
