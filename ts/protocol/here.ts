// Who this process is in the tree. Kept under a registered symbol on globalThis, because brood may exist twice in a process
// (the bundled entry of an actor, and the copy that the user's modules import) and both must give the same answer.
import type { ActorId } from "../errors/identity.js";

/** Log levels by their number on the wire. */
export const LEVELS: readonly string[] = ["silent", "error", "warn", "info", "debug"];

/** This process's place in the tree. */
export interface Here {
  readonly id: ActorId;
  readonly parent: ActorId | undefined;
  readonly root: ActorId;
  /** `""` at the root, `/a/b` in an actor. */
  readonly path: string;
  readonly logLevel: string;
  /** URL of the program's main module, where it has one. */
  readonly main: string | undefined;
  /** True in what the main module's top level does where it was loaded into an actor: it must not start actors of its own. */
  readonly loadingMain: boolean;
  /** Time that this actor has left to end, in ms and at least 1, once it is being cancelled; children get less. */
  readonly endingWithin: number | undefined;
}

const KEY = Symbol.for("brood.here");
type Holder = { [KEY]?: Here };

/** This process's place, or undefined in a process that is no actor and has not used brood yet. */
export function here(): Here | undefined {
  return (globalThis as Holder)[KEY];
}

/** Says who this process is; once. */
export function settle(place: Here): Here {
  Object.defineProperty(globalThis, KEY, { value: place, configurable: true });
  return place;
}
