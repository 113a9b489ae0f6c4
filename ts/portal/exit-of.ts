// How an actor ended, decided from everything that is known once it is gone. A pure function: the table of exits is here and
// nowhere else.
import type { Exit } from "../errors/exit.js";
import type { ActorId } from "../errors/identity.js";
import { MemoryLimitExceeded, type Whereabouts } from "../errors/kinds.js";
import type { BodyEnd } from "../protocol/body.js";

/** Who wanted the end, and how. */
export type Asked =
  /** Its one call is done. */
  | { readonly kind: "return" }
  | { readonly kind: "cancel"; readonly by: ActorId; readonly reason: unknown }
  | { readonly kind: "kill"; readonly by: ActorId };

export interface ExitFacts {
  readonly where: Whereabouts;
  readonly end: BodyEnd;
  readonly asked: Asked | undefined;
  /** It acknowledged the cancel. */
  readonly acknowledged: boolean;
  /** brood sent it a signal, or discarded it. */
  readonly forced: boolean;
  /** What it said was its end: an uncaught error. */
  readonly fatal: Error | undefined;
  /** What it did against the protocol. */
  readonly breach: Error | undefined;
  /** What it sent stopped within a frame. */
  readonly torn: Error | undefined;
}

/** Signals by which a system asks programs to end: beside a cancel they say nothing new. */
const REQUESTS = ["SIGTERM", "SIGINT", "SIGHUP"];

/**
 * Whether this end is a death: nobody had asked for it, or the actor was asked to end and failed of itself before it could
 * obey. Who fails while being cancelled has failed.
 */
export function isDeath(exit: Exit, asked: Asked | undefined): boolean {
  if (asked?.kind !== "cancel") return asked === undefined;
  switch (exit.kind) {
    case "failed":
      return true;
    case "exited":
      return exit.code !== 0;
    case "signalled":
      return !REQUESTS.includes(exit.signal);
    default:
      return false;
  }
}

export function exitOf(facts: ExitFacts): Exit {
  const { asked } = facts;
  if (asked?.kind === "kill") return { kind: "killed", by: asked.by };
  if (asked?.kind === "return") return { kind: "returned" };
  if (asked?.kind === "cancel") {
    if (facts.acknowledged) return { kind: "cancelled", by: asked.by, reason: asked.reason };
    if (facts.forced) return { kind: "killed", by: asked.by };
  }
  if (facts.breach !== undefined) return { kind: "failed", error: facts.breach };
  if (facts.end.memory !== undefined)
    return { kind: "failed", error: new MemoryLimitExceeded(facts.where, facts.end.memory) };
  const { status } = facts.end;
  // Of a guest, what ended it is better known than what it said.
  if (status.kind === "failed") return { kind: "failed", error: status.error };
  if (facts.fatal !== undefined) return { kind: "failed", error: facts.fatal };
  // Nothing else tells that it has failed.
  if (facts.torn !== undefined && asked === undefined && (status.kind === "lost" || isSilent(status)))
    return { kind: "failed", error: facts.torn };
  return status.kind === "unborn" ? { kind: "failed", error: status.error } : status;
}

const isSilent = (status: BodyEnd["status"]): boolean => status.kind === "exited" && status.code === 0;
