// Which scopes are open here, for whoever describes them. Kept under a registered symbol on globalThis, because brood may exist twice
// in a process (the bundled entry of an actor, and the copy that the user's modules import) and both must see the same.
import { MOST_LISTED, type ScopeDump } from "./tree.js";

/** A scope that tells what is in it. */
export interface Describable {
  /** What is there; what its actors say of themselves comes within `within` ms, or is left out. Never rejects. */
  describe(within: number): Promise<ScopeDump>;
}

const KEY = Symbol.for("brood.scopes");
type Holder = { [KEY]?: Set<Describable> };

/** It is open. */
export function noteScope(scope: Describable): void {
  const holder = globalThis as Holder;
  if (holder[KEY] === undefined)
    Object.defineProperty(globalThis, KEY, { value: new Set<Describable>(), configurable: true });
  (holder[KEY] as unknown as Set<Describable>).add(scope);
}

/** It has ended. */
export function forgetScope(scope: Describable): void {
  (globalThis as Holder)[KEY]?.delete(scope);
}

/** A fork has none of those of the process that it was forked from. */
export function forgetScopes(): void {
  (globalThis as Holder)[KEY]?.clear();
}

/** All that are open and are in no other. */
export function describeScopes(within: number): Promise<ScopeDump[]> {
  const open = [...((globalThis as Holder)[KEY] ?? [])].slice(0, MOST_LISTED);
  return Promise.all(open.map((scope) => scope.describe(within)));
}
