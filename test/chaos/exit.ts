// How an actor ended, flattened to what can be sent and compared, so that an exit that an actor tells of reads as one that the host has
// seen itself. Runs in guests too.
import type { Exit } from "brood";

export interface FlatExit {
  readonly kind: Exit["kind"];
  readonly code?: number;
  readonly signal?: string;
  /** The uuid of who asked for it. */
  readonly by?: string;
  readonly reason?: string;
  /** The name of its error, and the message. */
  readonly error?: readonly [name: string, message: string];
}

export function flatExit(exit: Exit): FlatExit {
  switch (exit.kind) {
    case "cancelled":
      return { kind: exit.kind, by: exit.by.uuid, reason: flatReason(exit.reason) };
    case "killed":
      return { kind: exit.kind, by: exit.by.uuid };
    case "failed":
      return { kind: exit.kind, error: flatError(exit.error) };
    default:
      return exit;
  }
}

/** "" for none. */
export function flatReason(reason: unknown): string {
  if (reason === undefined) return "";
  return isErrorLike(reason) ? flatError(reason).join(": ") : String(reason);
}

/** Of an error that another actor threw: what that one threw. Exits cross in fields of errors, where errors are data. */
export function flatError(error: unknown): readonly [name: string, message: string] {
  const { remote, name, message } = error as {
    remote?: { name: string; message: string };
    name: string;
    message: string;
  };
  return [String(remote?.name ?? name), String(remote?.message ?? message)];
}

function isErrorLike(value: unknown): boolean {
  return typeof value === "object" && value !== null && ("message" in value || "remote" in value);
}
