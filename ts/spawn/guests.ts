// Which component a JavaScript actor is: the one that was built of its module and lies beside it, or for a text the one that brood
// ships.
import { fileURLToPath } from "node:url";
import type { Guest } from "../protocol/body.js";
import type { Origin } from "./method.js";

/** A component that speaks frames, and what its owner must know of it. */
export interface GuestComponent extends Guest {
  readonly origin: Origin;
}

const SAME = (stack: string): string => stack;

/** The component built of an actor's module. */
export function builtFrom(module: URL): GuestComponent {
  const file = fileURLToPath(module).replace(/\.[cm]?[jt]s$/, ".wasm");
  return { origin: { file, bytes: undefined, isolated: false }, mapStack: SAME };
}

/** The component that runs the text of an actor. */
export function shipped(): GuestComponent {
  const file = fileURLToPath(new URL("../brood-js.wasm", import.meta.url));
  return { origin: { file, bytes: undefined, isolated: false }, mapStack: SAME };
}

/** What is known of a component that turned out to be a JavaScript actor. */
export const UNMAPPED: Guest = { mapStack: SAME };
