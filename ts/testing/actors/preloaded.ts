// Knows whether its module was loaded in its own process.
import { defineActor } from "../../actor/index.js";

const loadedBy = process.pid;
let calls = 0;

export default defineActor({
  who: () => ({ loadedBy, pid: process.pid, calls: ++calls }),
});
