// An error that an endpoint threw, rebuilt at its caller: nothing of it is lost, and nothing of it is executed.
import { BroodError } from "./base.js";
import type { ActorId } from "./identity.js";
import { printable } from "./printable.js";

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

  /** @param what what failed, as "call greet" */
  constructor(what: string, parts: RemoteParts) {
    const way = parts.path.map((id) => id.name).join("/");
    super(
      `${what} failed: ${parts.actor.name} (/${way}): ${parts.remote.name}: ${parts.remote.message}`,
      "cause" in parts ? { cause: parts.cause } : undefined,
    );
    this.remote = parts.remote;
    this.actor = parts.actor;
    this.path = parts.path;
    this.errors = parts.errors;
    this.locate("");
  }

  /** Puts the frames of the local call, as lines of a stack, between the message and the remote stack. */
  locate(frames: string): void {
    const { stack } = this.remote;
    const parts = [
      `${this.name}: ${this.message}`,
      frames,
      stack === "" ? "" : printable(`  thrown in ${this.actor.name}:\n${indent(stack)}`),
    ];
    Object.defineProperty(this, "stack", {
      value: parts.filter((part) => part !== "").join("\n"),
      writable: true,
      configurable: true,
    });
  }
}

const indent = (text: string): string =>
  text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");

/** Whether `error` is a RemoteActorError whose thrown error was called `name` ("TypeError", or a class of your own). */
export function isRemote(error: unknown, name?: string): error is RemoteActorError {
  return error instanceof RemoteActorError && (name === undefined || error.remote.name === name);
}
