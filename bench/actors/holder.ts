// An actor that holds 1 MB of state.
import { defineActor } from "brood/actor";

const BYTES = 1_000_000;
let state = new Uint8Array(0);

export default defineActor({
  /** Fills its state with `value`, a byte. */
  hold(value: number): void {
    state = new Uint8Array(BYTES).fill(value);
  },
  /** How much it holds, and of what. */
  held: () => ({ bytes: state.length, first: state[0], last: state.at(-1) }),
});
