// How an actor of the laws ends by itself: a process leaves with a code; a guest, which cannot, fails by an error that nobody
// catches.
import { inProcess, ownProcess } from "./builtin.js";
import { isOpen, type Latch } from "./latch.js";

/** Never returns, or never answers. */
export function leave(code: number): Promise<never> {
  if (inProcess()) ownProcess().exit(code);
  return failSoon(code, () => {});
}

/** The same when the latch opens, reading nothing that comes meanwhile. */
export function leaveBusy(latch: Latch, code: number): Promise<never> {
  const wait = (): void => {
    while (!isOpen(latch));
  };
  // In one job with the failure: a cancel that has come meanwhile is not heard before it.
  if (!inProcess()) return failSoon(code, wait);
  wait();
  return leave(code);
}

function failSoon(code: number, before: () => void): Promise<never> {
  setTimeout(() => {
    before();
    throw Object.assign(new Error(`left with ${code}`), { name: "Left" });
  }, 0);
  return new Promise<never>(() => {});
}
