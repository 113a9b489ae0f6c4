// What a process has of the one it was forked from in the middle of its work, and must forget: each module that keeps something about
// this process says how. Nothing is ended or closed by it: what it was about is the other process's. Kept under a registered symbol on
// globalThis, because brood may exist twice in a process, and all of it is forked.

const KEY = Symbol.for("brood.forgets/1");
type Holder = { [KEY]?: (() => void)[] };

/** In a child of this process, should there be one, `forget` is called before anything else. */
export function whenInherited(forget: () => void): void {
  ((globalThis as Holder)[KEY] ??= []).push(forget);
}

/** In the child. */
export function forgetInherited(): void {
  for (const forget of (globalThis as Holder)[KEY] ?? []) forget();
}
