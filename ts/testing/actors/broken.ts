// An actor whose channel breaks while it lives on.
import { closeSync } from "node:fs";
import { defineActor } from "../../actor/index.js";
import { ownChannel } from "../own-channel.js";

export default defineActor({
  pid: () => process.pid,
  /** Closes its end of the channel behind brood's back, and stays: it loops for ever, or is blocked. */
  cut: (how: "loops" | "blocks") => {
    closeSync(ownChannel());
    if (how === "loops") for (;;);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});
