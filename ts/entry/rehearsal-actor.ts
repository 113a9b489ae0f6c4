// The smallest actor: a template rehearses with it, and `brood doctor` forks it. It is loaded as a user's module is.
import { defineActor } from "../actor/index.js";

export default defineActor({
  answer: (): number => (globalThis as unknown as { process: { pid: number } }).process.pid,
});
