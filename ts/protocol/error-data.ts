// A thrown thing as data, and back as a RemoteActorError. Describing never throws and always ends, whatever was thrown;
// rebuilding takes nothing on trust. What is described can be sent: fields that cannot are left out, and named.
import { isBroodError } from "../errors/base.js";
import type { ActorId } from "../errors/identity.js";
import { InvalidMessage, type RefusedValue } from "../errors/kinds.js";
import { RemoteActorError, type RemoteParts } from "../errors/remote.js";
import { cut, errorParts, isErrorLike, MAX_TEXT, type ErrorParts } from "./error-value.js";
import { MAX_CAUSES, Walker } from "./walk.js";

/** A thrown error on its way to the caller. */
export interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly code?: string | number;
  /** Own enumerable properties that can be sent. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Names of properties that could not be sent. */
  readonly dropped?: readonly string[];
  /** Where it arose. */
  readonly actor: ActorId;
  /** From the actor that was called to the one that threw. */
  readonly path: readonly ActorId[];
  readonly cause?: ErrorData;
  /** Members of an AggregateError, in order. */
  readonly errors?: readonly ErrorData[];
}

/** Most errors in one description: the thrown one, its causes and members, their causes and members, and so on. */
export const MAX_ERRORS = 1000;

// How deep members may hold members. Two levels of the wire each, and no more of the stack than a value may take.
const MAX_LEVELS = 100;

// All texts and all fields of a description, beside the limit of each text: three bytes of UTF-8 for each character keep
// both together within half a message.
const MAX_TEXTS = 4 * 1024 * 1024;
const MAX_FIELD_BYTES = 4 * 1024 * 1024;
const MAX_FIELD_NODES = 100_000;

// An actor that passes an error on adds itself; no tree is that deep.
const MAX_PATH = 1000;

/**
 * The data form of anything that was thrown. A RemoteActorError keeps what it says of its origin.
 * @param self the actor in which it was caught; it is put before the path of an error from further down
 */
export function describeError(thrown: unknown, self: ActorId): ErrorData {
  return new Description(self).describe(thrown, 0, 0);
}

/** The same with nothing in it that could still fail to be sent: no fields, causes and members. */
export function bareError(data: ErrorData): ErrorData {
  const { name, message, stack, actor, path } = data;
  return { name, message: cut(message, 4096), stack: cut(stack, 4096), actor, path };
}

/** A value that a schema refused, as data; {@link rebuildInvalid} makes an InvalidMessage of it again. */
export function describeInvalid(error: InvalidMessage, self: ActorId): ErrorData {
  const { at, why, refused } = error;
  return describeError(Object.assign(new Error(why), { at, ...refused }), self);
}

export function rebuildInvalid(data: ErrorData): InvalidMessage {
  const { at, endpoint, kind, index, expected, received } = data.fields ?? {};
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  const refused: RefusedValue = {
    endpoint: text(endpoint),
    kind: KINDS_REFUSED.find((one) => one === kind) ?? "message",
    ...(typeof index === "number" ? { index } : {}),
    expected: text(expected),
    received: text(received),
  };
  return new InvalidMessage(data.message, typeof at === "string" ? at : undefined, refused);
}

const KINDS_REFUSED: readonly RefusedValue["kind"][] = ["argument", "started value", "message", "result"];

class Description {
  readonly #self: ActorId;
  readonly #walker = new Walker(MAX_FIELD_NODES, MAX_FIELD_BYTES);
  readonly #around = new Set<unknown>();
  #texts = MAX_TEXTS;
  #errors = 0;

  constructor(self: ActorId) {
    this.#self = self;
  }

  describe(thrown: unknown, level: number, causes: number): ErrorData {
    this.#errors++;
    const remote = remoteParts(thrown);
    const parts = remote === undefined ? errorParts(thrown) : undefined;
    const { name, message, stack, code } = remote?.remote ?? (parts as ErrorParts);
    const data: { -readonly [K in keyof ErrorData]: ErrorData[K] } = {
      name: this.#text(name),
      message: this.#text(message),
      stack: this.#text(stack),
      actor: remote?.actor ?? this.#self,
      path: remote === undefined ? [this.#self] : [this.#self, ...remote.path].slice(0, MAX_PATH),
    };
    if (code !== undefined) data.code = typeof code === "string" ? this.#text(code) : code;
    // Only an error can contain itself: anything else is its own one field.
    const around = remote !== undefined || (parts as ErrorParts).isError;
    if (around) this.#around.add(thrown);
    this.#fields(remote === undefined ? (parts as ErrorParts).fields : Object.entries(remote.remote.fields), data);
    const cause = remote === undefined ? (parts as ErrorParts).cause : remote.cause;
    const hasCause = remote === undefined ? (parts as ErrorParts).hasCause : "cause" in remote;
    if (hasCause && cause !== undefined && causes < MAX_CAUSES && this.#wanted(cause, level))
      data.cause = this.describe(cause, level + 1, causes + 1);
    const errors = remote === undefined ? (parts as ErrorParts).errors : remote.errors;
    if (errors !== undefined) data.errors = this.#members(errors, level);
    if (around) this.#around.delete(thrown);
    return data;
  }

  #members(errors: readonly unknown[], level: number): ErrorData[] {
    const members: ErrorData[] = [];
    let left = 0;
    for (const error of errors) {
      if (this.#wanted(error, level)) members.push(this.describe(error, level + 1, 0));
      else left++;
    }
    if (left > 0) members.push(this.#note(`${left} more error${left === 1 ? "" : "s"}, left out`));
    return members;
  }

  #wanted(thrown: unknown, level: number): boolean {
    return this.#errors < MAX_ERRORS && level < MAX_LEVELS && !this.#around.has(thrown);
  }

  #note(message: string): ErrorData {
    return { name: "Error", message, stack: "", actor: this.#self, path: [this.#self] };
  }

  #text(text: string): string {
    const taken = cut(text, Math.min(MAX_TEXT, this.#texts));
    this.#texts = Math.max(0, this.#texts - taken.length);
    return taken;
  }

  #fields(
    fields: readonly (readonly [string, unknown])[],
    data: { fields?: ErrorData["fields"]; dropped?: ErrorData["dropped"] },
  ): void {
    const kept: [string, unknown][] = [];
    const dropped: string[] = [];
    for (const [key, value] of fields) {
      if (!this.#around.has(value) && this.#sendable(key) && this.#sendable(value)) kept.push([key, value]);
      else dropped.push(cut(key, 100));
    }
    // fromEntries defines; it sets no prototype for a field called `__proto__`.
    if (kept.length > 0) data.fields = Object.fromEntries(kept);
    if (dropped.length > 0) data.dropped = dropped;
  }

  #sendable(value: unknown): boolean {
    try {
      this.#walker.walk(value, "");
      return true;
    } catch {
      return false;
    }
  }
}

/** What a forwarded error says of its origin; undefined for any other, and for one that somebody has tampered with. */
function remoteParts(thrown: unknown): RemoteParts | undefined {
  if (!isErrorLike(thrown)) return undefined;
  try {
    if (!isBroodError(thrown) || thrown.code !== RemoteActorError.code) return undefined;
    const error = thrown as RemoteActorError;
    const { name, message, code, stack, fields } = error.remote;
    if (typeof name !== "string" || typeof message !== "string" || typeof stack !== "string") return undefined;
    if (code !== undefined && typeof code !== "string" && typeof code !== "number") return undefined;
    if (
      typeof fields !== "object" ||
      !isActorId(error.actor) ||
      !Array.isArray(error.path) ||
      !error.path.every(isActorId)
    )
      return undefined;
    return {
      remote: error.remote,
      actor: error.actor,
      path: error.path,
      ...("cause" in error ? { cause: error.cause } : {}),
      ...(Array.isArray(error.errors) ? { errors: error.errors } : {}),
    };
  } catch {
    return undefined;
  }
}

/** Whether a value has the shape of an identity. */
export function isActorId(value: unknown): value is ActorId {
  if (typeof value !== "object" || value === null) return false;
  const { name, uuid, pid } = value as Partial<Record<keyof ActorId, unknown>>;
  return (
    typeof name === "string" &&
    typeof uuid === "string" &&
    (pid === undefined || (typeof pid === "number" && Number.isSafeInteger(pid) && pid >= 0))
  );
}

/**
 * The error that a peer has described, for the caller.
 * @param data as it was decoded; its shape is checked
 * @param what what failed, as "call greet"
 * @param mapStack gives a stack the lines of its sources, where the peer cannot
 * @throws InvalidMessage when `data` is no {@link ErrorData}, or has more errors in it than a description may have
 */
export function rebuildError(data: unknown, what: string, mapStack?: (stack: string) => string): RemoteActorError {
  return rebuild(checkErrorData(data, "error"), what, mapStack);
}

function rebuild(data: ErrorData, what: string, mapStack: ((stack: string) => string) | undefined): RemoteActorError {
  const { name, message, stack, code, fields, actor, path } = data;
  return new RemoteActorError(what, {
    remote: { name, message, code, stack: mapStack === undefined ? stack : mapStack(stack), fields: fields ?? {} },
    actor,
    path,
    ...(data.cause === undefined ? {} : { cause: rebuild(data.cause, what, mapStack) }),
    ...(data.errors === undefined ? {} : { errors: data.errors.map((member) => rebuild(member, what, mapStack)) }),
  });
}

/**
 * Checks the shape of a described error, to its last cause and member.
 * @param where its name in a refusal, as "Error.error"
 * @throws InvalidMessage naming the field
 */
export function checkErrorData(data: unknown, where: string): ErrorData {
  check(data, where, { left: 2 * MAX_ERRORS }, 0);
  return data as ErrorData;
}

function check(data: unknown, where: string, budget: { left: number }, level: number): void {
  if (typeof data !== "object" || data === null || Array.isArray(data))
    throw new InvalidMessage("an error is not an object", where);
  if (--budget.left < 0) throw new InvalidMessage(`more than ${MAX_ERRORS} errors in one`, where);
  if (level > MAX_LEVELS + MAX_CAUSES) throw new InvalidMessage("errors nested too deep", where);
  const { name, message, stack, code, fields, actor, path, cause, errors } = data as Record<string, unknown>;
  if (typeof name !== "string") throw new InvalidMessage("not a text", `${where}.name`);
  if (typeof message !== "string") throw new InvalidMessage("not a text", `${where}.message`);
  if (typeof stack !== "string") throw new InvalidMessage("not a text", `${where}.stack`);
  if (code !== undefined && typeof code !== "string" && typeof code !== "number")
    throw new InvalidMessage("neither a text nor a number", `${where}.code`);
  if (fields !== undefined && (typeof fields !== "object" || fields === null || Array.isArray(fields)))
    throw new InvalidMessage("not an object", `${where}.fields`);
  if (!isActorId(actor)) throw new InvalidMessage("not the identity of an actor", `${where}.actor`);
  if (!Array.isArray(path) || path.length === 0 || path.length > MAX_PATH || !path.every(isActorId))
    throw new InvalidMessage("not a list of identities", `${where}.path`);
  if (cause !== undefined) check(cause, `${where}.cause`, budget, level + 1);
  if (errors !== undefined) {
    if (!Array.isArray(errors)) throw new InvalidMessage("not a list", `${where}.errors`);
    errors.forEach((member, i) => check(member, `${where}.errors[${i}]`, budget, level + 1));
  }
}
