// Throws everything that can be thrown, here or further down the tree.
import { defineActor, endpoint } from "../../actor/index.js";
import { actor } from "../../nursery/source.js";
import type { ProcessOptions } from "../../context/surface.js";
import { endpoints, type Thrown } from "./thrower.js";

const other = actor<typeof import("./thrower.js")>(new URL("./thrower.js", import.meta.url));
const self = actor<typeof import("./thrower-tree.js")>(new URL(import.meta.url));

export default defineActor({
  ...endpoints,
  /** Lets an actor of another module throw. */
  belowOther: endpoint(async (task, what: Thrown, options: ProcessOptions): Promise<never> => {
    const nursery = await task.openNursery();
    return (await nursery.start(other, { ...options, name: "other" })).call("throws", what);
  }),
  /** Lets an actor of its own throw, and that one's, and so on: `names` are theirs. */
  below: endpoint(async (task, names: string[], what: Thrown, options: ProcessOptions): Promise<never> => {
    const nursery = await task.openNursery();
    const [name, ...further] = names;
    const portal = await nursery.start(self, { ...options, name: name as string });
    if (further.length > 0) return portal.call("below", further, what, options);
    return portal.call("throws", what);
  }),
});
