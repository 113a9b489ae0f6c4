// Options that scopes within a nursery have in common.
import type { Nursery } from "../context/surface.js";
import { InvalidOption } from "../errors/kinds.js";
import { ActorNursery } from "./nursery.js";

/** The nursery that was given to hang something on. @throws InvalidOption it is none of brood's */
export function checkNursery(option: string, nursery: Nursery): ActorNursery {
  if (nursery instanceof ActorNursery) return nursery;
  throw new InvalidOption(
    option,
    nursery,
    "a nursery: what openNursery() resolves with, or withNursery() gives its body",
  );
}

/** A whole number, or where `Infinity` is a choice that too. @throws InvalidOption */
export function checkCount(option: string, value: unknown, least: number, most?: number): void {
  if (value === undefined || (value === Infinity && most === Infinity)) return;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= (most ?? Infinity)) return;
  const range = most === undefined || most === Infinity ? `at least ${least}` : `from ${least} to ${most}`;
  throw new InvalidOption(option, value, `a whole number, ${range}${most === Infinity ? ", or Infinity" : ""}`);
}
