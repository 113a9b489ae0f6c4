// An error that an endpoint threw, rebuilt at its caller: nothing of it is lost, and nothing of it is executed.
import { BroodError } from "./base.js";
import type { ActorId } from "./identity.js";

/** The error as it was where it was thrown. */
export interface RemoteError {
  /** Its class or `name`. */
  readonly name: string;
  readonly message: string;
  /** Its `code`, where it had one. */
  readonly code: string | number | undefined;
  /** Its stack in the actor; empty where it had none. */
  readonly stack: string;
  /** Its other own enumerable properties that can cross. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What a RemoteActorError is built from. */
export interface RemoteParts {
  readonly remote: RemoteError;
  /** Where it arose. */
  readonly actor: ActorId;
  /** Every actor it passed, from the one that was called to the one that threw. */
  readonly path: readonly ActorId[];
  readonly cause?: unknown;
  readonly errors?: readonly unknown[];
}

/** An endpoint threw. `remote` is the thrown error; `cause` and, for an AggregateError, `errors` are built the same way. */
export class RemoteActorError extends BroodError {
  static readonly code = "ERR_BROOD_REMOTE";
  readonly code = RemoteActorError.code;
  override readonly name = "RemoteActorError";
  readonly remote: RemoteError;
  readonly actor: ActorId;
  readonly path: readonly ActorId[];
  /** The members of a thrown AggregateError, in order; undefined for any other error. */
  readonly errors: readonly unknown[] | undefined;

  /**
   * @param what what failed, as "call greet"
   * @param site a stack to append the remote one to: the local call; the error's own by default
   */
  constructor(what: string, parts: RemoteParts, site?: string) {
    const way = parts.path.map((id) => id.name).join("/");
    super(`${what} failed: ${parts.actor.name} (/${way}): ${parts.remote.name}: ${parts.remote.message}`, "cause" in parts ? { cause: parts.cause } : undefined);
    this.remote = parts.remote;
    this.actor = parts.actor;
    this.path = parts.path;
    this.errors = parts.errors;
    const head = `${this.name}: ${this.message}`;
    const local = site ?? this.stack ?? "";
    const frames = local.slice(local.indexOf("\n    at ") + 1 || local.length);
    const remote = parts.remote.stack === "" ? "" : `\n  thrown in ${parts.actor.name}:\n${indent(parts.remote.stack)}`;
    Object.defineProperty(this, "stack", { value: `${head}\n${frames}${remote}`, writable: true, configurable: true });
  }
}

const indent = (text: string): string => text.split("\n").map((line) => `  ${line}`).join("\n");

/** Whether `error` is a RemoteActorError whose thrown error was called `name` ("TypeError", or a class of your own). */
export function isRemote(error: unknown, name?: string): error is RemoteActorError {
  return error instanceof RemoteActorError && (name === undefined || error.remote.name === name);
}
