// Which component a JavaScript actor is: the one that was built of its module and lies beside it, or for a text the one that brood
// ships. Its errors are told in lines of the user's own files.
import type { Guest } from "../protocol/body.js";
import { ensureArtifact, readArtifact, type Artifact } from "./artifact.js";
import { guestFile } from "./entry-files.js";
import type { Origin } from "./method.js";
import { mapStack } from "./source-positions.js";

/** A component that speaks frames, and what its owner must know of it. */
export interface GuestComponent {
  readonly origin: Origin;
  readonly mapStack: MapStack;
}

/** Gives the stack of an error the lines of its sources. */
export type MapStack = Guest["mapStack"];

/**
 * The component built of an actor's module; where BROOD_BUILD says so it is built first, and comes later.
 * @throws ArtifactError
 */
export function builtFrom(module: URL): GuestComponent | Promise<GuestComponent> {
  return process.env["BROOD_BUILD"] === "1"
    ? ensureArtifact(module).then(guestComponent)
    : guestComponent(readArtifact(module));
}

function guestComponent(artifact: Artifact): GuestComponent {
  return {
    origin: { file: artifact.file, bytes: undefined, isolated: false },
    mapStack: (stack) => mapStack(stack, artifact.positions()),
  };
}

/** The component that runs the text of an actor. @throws Unsupported where brood was bundled into another file */
export function shipped(): GuestComponent {
  return {
    origin: { file: guestFile(), bytes: undefined, isolated: false },
    mapStack: (stack) => mapStack(stack, undefined),
  };
}

/** For a component that turned out to be a JavaScript actor. */
export const unmapped: MapStack = (stack) => stack;
