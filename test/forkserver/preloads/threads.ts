// Uses a native module that starts threads.
import { source, withNursery } from "brood";

await withNursery((nursery) => nursery.run(source<{ one(): number }>("({ one: () => 1 })"), "one", []));
