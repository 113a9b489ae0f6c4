// How an actor ended: one discriminated union, the same for every spawn method.
import type { ActorId } from "./identity.js";
import { RemoteActorError } from "./remote.js";

/** How an actor ended. `returned`, `cancelled` and `killed` were asked for; everything else is a death. */
export type Exit =
  /** It finished its one call (`nursery.run`). */
  | { readonly kind: "returned" }
  /** It was asked to end and acknowledged. */
  | { readonly kind: "cancelled"; readonly by: ActorId; readonly reason: unknown }
  /** It was ended by force, by `kill()` or because it did not acknowledge a cancel in time. */
  | { readonly kind: "killed"; readonly by: ActorId }
  /** It failed by itself: an uncaught error, a limit, or a breach of the protocol. */
  | { readonly kind: "failed"; readonly error: Error }
  /** It left by itself; its process with this code, an actor without a process with 0. */
  | { readonly kind: "exited"; readonly code: number }
  /** Its process was ended by a signal that brood did not send. */
  | { readonly kind: "signalled"; readonly signal: string }
  /** It is gone, and nobody can say how. */
  | { readonly kind: "lost" };

/** An exit of `actor` in the words of a message. */
export function describeExit(exit: Exit, actor: ActorId): string {
  const it = actor.pid === undefined ? "it" : "its process";
  switch (exit.kind) {
    case "returned":
      return "it returned";
    case "cancelled":
      return `it was cancelled by ${exit.by.name}`;
    case "killed":
      return `it was killed by ${exit.by.name}`;
    case "failed": {
      const { name, message } = exit.error instanceof RemoteActorError ? exit.error.remote : exit.error;
      // Which actor is said already, by whoever describes its exit.
      const why = "why" in exit.error && typeof exit.error.why === "string" ? exit.error.why : message;
      return `it failed with ${name}: ${why.replace(/\.$/, "")}`;
    }
    case "exited":
      return `${it} exited with code ${exit.code}`;
    case "signalled":
      return `${it} was ended by ${exit.signal}`;
    case "lost":
      return `${it} is gone and its exit status is lost`;
  }
}
