// The errors of brood. Every value that a text mentions is also a field. Grammar of a message:
// what failed: which actor (path in the tree): why. What to do.
import { BroodError } from "./base.js";
import { describeExit, type Exit } from "./exit.js";
import type { ActorId } from "./identity.js";

/** Where in the tree an error belongs. */
export interface Whereabouts {
  /** The actor concerned. */
  readonly actor: ActorId;
  /** Its place in the tree, as `/parent/child`. */
  readonly path: string;
}

/** Which actor, as it stands in a message. */
export const at = (where: Whereabouts | undefined): string => (where ? ` ${where.actor.name} (${where.path}):` : "");

/** A text that may already end as a sentence does: with words of somebody else's, or a question. */
export const sentence = (text: string): string => (/[.?!]$/.test(text) ? text : `${text}.`);

/** What was cancelled: one call, one context, a whole actor, or a nursery with all its actors. */
export type CancelScope = "call" | "context" | "actor" | "nursery";
/** Through what a cancel came. `parent`: the actor above ended or was cancelled. */
export type CancelVia = "cancel" | "signal" | "deadline" | "scope" | "parent" | "host signal";

/** A cancel, as data: who asked, for what, through what, and why. Never rewritten on its way. */
export interface CancelOrigin {
  readonly scope: CancelScope;
  readonly via: CancelVia;
  readonly canceller: ActorId;
  readonly reason: unknown;
}

/** Something was cancelled: a call, a context, an actor or a nursery; `scope` tells which, `canceller` and `reason` who and why. */
export class Cancelled extends BroodError implements CancelOrigin {
  static readonly code = "ERR_BROOD_CANCELLED";
  readonly code = Cancelled.code;
  override readonly name = "Cancelled";
  readonly scope: CancelScope;
  readonly via: CancelVia;
  readonly canceller: ActorId;
  readonly reason: unknown;
  readonly actor: ActorId | undefined;
  readonly path: string | undefined;
  /** Whether the other side acknowledged; undefined where nobody was asked. */
  readonly acknowledged: boolean | undefined;

  constructor(origin: CancelOrigin, where?: Whereabouts, acknowledged?: boolean) {
    super(
      sentence(
        `${origin.scope} cancelled:${at(where)} by ${origin.canceller.name} through ${describeVia(origin.via)}${describeReason(origin.reason)}`,
      ) + (acknowledged === false ? " The other side was too slow: it did not acknowledge within cancelTimeout." : ""),
    );
    this.scope = origin.scope;
    this.via = origin.via;
    this.canceller = origin.canceller;
    this.reason = origin.reason;
    this.actor = where?.actor;
    this.path = where?.path;
    this.acknowledged = acknowledged;
  }
}

function describeVia(via: CancelVia): string {
  switch (via) {
    case "cancel":
      return "cancel()";
    case "signal":
      return "an AbortSignal";
    case "deadline":
      return "a deadline";
    case "scope":
      return "the end of its scope";
    case "parent":
      return "the end of its parent";
    case "host signal":
      return "a signal to the host";
  }
}

function describeReason(reason: unknown): string {
  if (reason === undefined) return "";
  if (typeof reason === "string") return `: ${reason}`;
  if (reason instanceof Error) return `: ${reason.name}: ${reason.message}`;
  return "";
}

/** The actor ended while something was still wanted from it, or ended when nobody had asked it to. */
export class ActorDied extends BroodError {
  static readonly code = "ERR_BROOD_ACTOR_DIED";
  readonly code = ActorDied.code;
  override readonly name = "ActorDied";
  readonly actor: ActorId;
  readonly path: string;
  readonly exit: Exit;
  /** The last lines of its standard error, oldest first; empty where they were not captured. */
  readonly stderr: readonly string[];

  constructor(where: Whereabouts, exit: Exit, stderr: readonly string[] = []) {
    super(
      `actor died:${at(where)} ${sentence(describeExit(exit, where.actor))}${describeStderr(stderr)}`,
      exit.kind === "failed" ? { cause: exit.error } : undefined,
    );
    this.actor = where.actor;
    this.path = where.path;
    this.exit = exit;
    this.stderr = stderr;
  }
}

/** The last lines of an actor's standard error, as the tail of a message. */
function describeStderr(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `\nThe last lines of its stderr:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

/** A call was not answered within its deadline. */
export class DeadlineExceeded extends BroodError {
  static readonly code = "ERR_BROOD_DEADLINE";
  readonly code = DeadlineExceeded.code;
  override readonly name = "DeadlineExceeded";
  readonly actor: ActorId;
  readonly path: string;
  readonly endpoint: string;
  /** The deadline, in ms from the call. */
  readonly deadline: number;
  /**
   * True where meeting the deadline could only be done by ending the actor, false where the call had not begun and the actor
   * lives on; undefined where that is not known yet.
   */
  readonly actorKilled: boolean | undefined;

  constructor(where: Whereabouts, endpoint: string, deadline: number, actorKilled?: boolean) {
    const price = actorKilled === true ? ", and it could only be stopped by ending the actor" : "";
    super(
      `call ${endpoint} missed its deadline:${at(where)} no answer within ${deadline} ms${price}. Give it a longer deadline, or less to do.`,
    );
    this.actor = where.actor;
    this.path = where.path;
    this.endpoint = endpoint;
    this.deadline = deadline;
    this.actorKilled = actorKilled;
  }
}

/** An actor ran out of the memory that it was allowed. */
export class MemoryLimitExceeded extends BroodError {
  static readonly code = "ERR_BROOD_MEMORY_LIMIT";
  readonly code = MemoryLimitExceeded.code;
  override readonly name = "MemoryLimitExceeded";
  readonly actor: ActorId;
  readonly path: string;
  /** The limit in bytes, where brood has set it. */
  readonly limit: number | undefined;
  readonly why: string;

  constructor(where: Whereabouts, why: string, limit?: number) {
    super(`memory limit exceeded:${at(where)} ${why}. Give it more memory, or less to do.`);
    this.actor = where.actor;
    this.path = where.path;
    this.limit = limit;
    this.why = why;
  }
}

/** An actor did not become ready. `cause` is why, where a reason is known. */
export class StartFailed extends BroodError {
  static readonly code = "ERR_BROOD_START_FAILED";
  readonly code = StartFailed.code;
  override readonly name = "StartFailed";
  readonly actor: ActorId;
  readonly path: string;
  /** How far it came: `spawn` (no process, no place for an instance), `hello` (no greeting), `load` (its module or component), `setup`. */
  readonly phase: "spawn" | "hello" | "load" | "setup";
  /** How its process ended, where it had one and the start waited for it. */
  readonly exit: Exit | undefined;
  /** The last lines of its standard error, oldest first; empty where they were not captured. */
  readonly stderr: readonly string[];

  constructor(
    where: Whereabouts,
    phase: StartFailed["phase"],
    why: string,
    details: { cause?: unknown; exit?: Exit | undefined; stderr?: readonly string[] } = {},
  ) {
    const stderr = details.stderr ?? [];
    super(
      `start failed:${at(where)} ${sentence(why)}${describeStderr(stderr)}`,
      "cause" in details ? { cause: details.cause } : undefined,
    );
    this.actor = where.actor;
    this.path = where.path;
    this.phase = phase;
    this.exit = details.exit;
    this.stderr = stderr;
  }
}

/** A value cannot be sent, or what arrived is not what the protocol or a schema allows. */
export class InvalidMessage extends BroodError {
  static readonly code = "ERR_BROOD_INVALID_MESSAGE";
  readonly code = InvalidMessage.code;
  override readonly name = "InvalidMessage";
  /** Where in the value, as `args[0].items[3]`; undefined where the fault is not in a value. */
  readonly at: string | undefined;
  /** What is wrong there. */
  readonly why: string;
  /** What a schema refused, and where it was to go; undefined where no schema did. */
  readonly refused: RefusedValue | undefined;

  constructor(why: string, path?: string, refused?: RefusedValue) {
    const where = refused === undefined ? "" : `${refused.kind} of ${refused.endpoint}: `;
    super(path === undefined ? `invalid message: ${where}${why}.` : `invalid message: ${where}${path}: ${why}.`);
    this.at = path;
    this.why = why;
    this.refused = refused;
  }
}

/** A value that a schema refused. */
export interface RefusedValue {
  readonly endpoint: string;
  readonly kind: "argument" | "started value" | "message" | "result";
  /** Which argument, or which message of its stream, from 0. */
  readonly index?: number | undefined;
  /** What the schema's library says is expected, issue by issue. */
  readonly expected: string;
  /** What was there instead, in a few words. */
  readonly received: string;
}

/** An argument or option of a public function is not acceptable. Nothing was started or changed. */
export class InvalidOption extends BroodError {
  static readonly code = "ERR_BROOD_INVALID_OPTION";
  readonly code = InvalidOption.code;
  override readonly name = "InvalidOption";
  /** The option or argument, as `start: startTimeout`. */
  readonly option: string;
  /** What was given. */
  readonly value: unknown;
  /** What is accepted, in words. */
  readonly accepted: string;

  constructor(option: string, value: unknown, accepted: string) {
    super(`invalid option: ${option}: got ${describeValue(value)}. Accepted: ${sentence(accepted)}`);
    this.option = option;
    this.value = value;
    this.accepted = accepted;
  }
}

/** A value as it may stand in a message: short, and never running code of the value's own. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value);
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    case "bigint":
      return `${value}n`;
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return "an array";
      return "an object";
    default:
      return String(value);
  }
}

/** What was asked for does not work here; the text names what does. */
export class Unsupported extends BroodError {
  static readonly code = "ERR_BROOD_UNSUPPORTED";
  readonly code = Unsupported.code;
  override readonly name = "Unsupported";
  readonly feature: string;

  constructor(feature: string, why: string) {
    super(`unsupported: ${feature}: ${sentence(why)}`);
    this.feature = feature;
  }
}

/** The actor has no such endpoint, or has it in another form (called where it must be opened, and the reverse). */
export class UnknownEndpoint extends BroodError {
  static readonly code = "ERR_BROOD_UNKNOWN_ENDPOINT";
  readonly code = UnknownEndpoint.code;
  override readonly name = "UnknownEndpoint";
  readonly actor: ActorId;
  readonly path: string;
  readonly endpoint: string;

  constructor(where: Whereabouts, endpoint: string, why: string) {
    super(`unknown endpoint ${describeValue(endpoint)}:${at(where)} ${sentence(why)}`);
    this.actor = where.actor;
    this.path = where.path;
    this.endpoint = endpoint;
  }
}

/** A nursery that is ending, or has ended, starts nothing any more. `cause` is why it ended, where it failed. */
export class NurseryClosed extends BroodError {
  static readonly code = "ERR_BROOD_NURSERY_CLOSED";
  readonly code = NurseryClosed.code;
  override readonly name = "NurseryClosed";
  readonly nursery: string;

  constructor(nursery: string, status: string, cause?: unknown) {
    super(
      `nursery ${nursery} is ${status}: it starts nothing any more. Open a new nursery.`,
      cause === undefined ? undefined : { cause },
    );
    this.nursery = nursery;
  }
}

/** The rules of a dialogue were broken by the code that is running: a second `started`, none at all, and so on. */
export class ProtocolError extends BroodError {
  static readonly code = "ERR_BROOD_PROTOCOL";
  readonly code = ProtocolError.code;
  override readonly name = "ProtocolError";
  readonly endpoint: string;
  /** Which rule. */
  readonly why: string;

  constructor(endpoint: string, why: string) {
    super(`protocol error: endpoint ${endpoint}: ${sentence(why)}`);
    this.endpoint = endpoint;
    this.why = why;
  }
}

/** The native half of brood could not be loaded; `tried` lists every place and what it said. */
export class NativeMissing extends BroodError {
  static readonly code = "ERR_BROOD_NATIVE_MISSING";
  readonly code = NativeMissing.code;
  override readonly name = "NativeMissing";
  readonly tried: readonly { readonly file: string; readonly why: string }[];

  constructor(addon: string, platform: string, tried: NativeMissing["tried"]) {
    super(
      `native addon missing: ${addon} for ${platform}: tried\n${tried.map((t) => `  ${t.file}: ${t.why}`).join("\n")}\n` +
        `Install the platform package (npm installs it as an optional dependency, unless --omit=optional was given), or in a checkout run: npm run build`,
    );
    this.tried = tried;
  }
}
