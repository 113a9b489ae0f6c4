// The actor that brood doctor forks.
import { defineActor } from "../actor/index.js";

export default defineActor({
  answer: (): number => (globalThis as unknown as { process: { pid: number } }).process.pid,
});
