// The conformance suite: one function over a spawn method. Every law is one body, named by its sentence; what a method cannot
// do is refused by a typed error that a law checks, and what is not there yet is listed as pending with the part that brings it.
import type { SpawnMethod } from "../context/surface.js";
import { cancel } from "./laws/cancel.js";
import { context } from "./laws/context.js";
import { errors } from "./laws/errors.js";
import { nursery } from "./laws/nursery.js";
import { portal } from "./laws/portal.js";
import { signals } from "./laws/signals.js";
import { starting } from "./laws/starting.js";
import type { Law, PendingLaw } from "./law.js";

const SECTIONS = [nursery, portal, context, cancel, errors, starting, signals];

/** The laws that hold for a method. */
export function conformance(_method: SpawnMethod): readonly Law[] {
  return SECTIONS.flatMap(({ laws }) => laws);
}

/** The laws that wait for a later part. */
export function pending(): readonly PendingLaw[] {
  return SECTIONS.flatMap((one) => one.pending);
}
