// Uses a native module that starts threads.
import { withNursery } from "../../nursery/open.js";
import { source } from "../../nursery/source.js";

await withNursery((nursery) => nursery.run(source<{ one(): number }>("({ one: () => 1 })"), "one", []));
