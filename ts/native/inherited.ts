// What a process has of the one it was forked from in the middle of its work, and must forget: each module that keeps something about
// this process says how. Nothing is ended or closed by it: what it was about is the other process's.

const forgets: (() => void)[] = [];

/** In a child of this process, should there be one, `forget` is called before anything else. */
export function whenInherited(forget: () => void): void {
  forgets.push(forget);
}

/** In the child. */
export function forgetInherited(): void {
  for (const forget of forgets) forget();
}
