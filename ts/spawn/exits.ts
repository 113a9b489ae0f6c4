// Hands what the native watcher reports to whoever waits for it: the end of a process exactly once, the news of a template each time.
import type { ProcessHandle, TemplateHandle } from "../native/forkserver.js";
import { whenInherited } from "../native/inherited.js";
import { loadForkserver } from "../native/load.js";

const waiting = new Map<number, () => void>();
let next = 1;
let listening = false;

whenInherited(() => {
  waiting.clear();
  // A wake-up that was on its way does not come here: it is asked for anew.
  listening = false;
});

function listen(): number {
  if (!listening) {
    listening = true;
    loadForkserver().onExit((ids) => {
      for (const id of ids) waiting.get(id)?.();
    });
  }
  return next++;
}

/**
 * Calls `exited` once when the process of `handle` has ended.
 * @returns closes the handle: nothing is told any more, and nothing kept for it
 */
export function watchExit(handle: ProcessHandle, exited: () => void): () => void {
  const id = listen();
  waiting.set(id, () => {
    waiting.delete(id);
    exited();
  });
  handle.watch(id);
  return () => {
    waiting.delete(id);
    handle.close();
  };
}

/**
 * Calls `news` whenever there is something to receive.
 * @returns closes the handle, with which the template ends: nothing is told any more
 */
export function watchTemplate(handle: TemplateHandle, news: () => void): () => void {
  const id = listen();
  waiting.set(id, news);
  handle.watch(id);
  return () => {
    waiting.delete(id);
    handle.close();
  };
}
