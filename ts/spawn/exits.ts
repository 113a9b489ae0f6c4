// Hands the exits that the native watcher reports to whoever waits for them; each exactly once.
import type { ProcessHandle } from "../native/forkserver.js";
import { loadForkserver } from "../native/load.js";

const waiting = new Map<number, () => void>();
let next = 1;
let listening = false;

/**
 * Calls `exited` once when the process of `handle` has ended.
 * @returns closes the handle: nothing is told any more, and nothing kept for it
 */
export function watchExit(handle: ProcessHandle, exited: () => void): () => void {
  if (!listening) {
    listening = true;
    loadForkserver().onExit((ids) => {
      for (const id of ids) {
        const tell = waiting.get(id);
        waiting.delete(id);
        tell?.();
      }
    });
  }
  const id = next++;
  waiting.set(id, exited);
  handle.watch(id);
  return () => {
    waiting.delete(id);
    handle.close();
  };
}
