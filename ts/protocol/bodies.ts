// What stands in the frames that two actors exchange. A decoded body has the shape that its type says, to the last field;
// fields and elements that are unknown are ignored, so that a later release may add some. What a user gave is walked.
import type { ActorId } from "../errors/identity.js";
import { InvalidMessage, type CancelOrigin, type CancelScope, type CancelVia } from "../errors/kinds.js";
import { bareError, checkErrorData, isActorId, type ErrorData } from "./error-data.js";
import {
  fieldsOf,
  isAmount,
  isBoolean,
  isCount,
  isList,
  isMissing,
  isRecord,
  isText,
  isTexts,
  take,
  takeMaybe,
  type Fields,
} from "./fields.js";
import { decodeValue, encodeText, encodeValue, packValue } from "./payload.js";
import { isPlainJson, walk, walkArgs } from "./walk.js";

/** More may be sent: what the receiver has consumed since its last grant. */
export interface Credit {
  readonly messages: number;
  readonly bytes: number;
}

/** The body of a Credit frame, which native code reads too: u32 messages, u32 bytes, little endian. */
export function encodeCredit(messages: number, bytes: number): Uint8Array {
  return twoU32(messages, bytes);
}

/** @throws InvalidMessage for a body of another size */
export function decodeCredit(payload: Uint8Array): Credit {
  if (payload.length !== 8) throw new InvalidMessage(`a Credit of ${payload.length} bytes instead of 8`);
  return { messages: readU32(payload, 0), bytes: readU32(payload, 4) };
}

/** A guest asks to be woken. */
export interface Timer {
  /** Chosen by the guest. */
  readonly id: number;
  /** From now, in ms. */
  readonly ms: number;
}

/** The body of a Timer frame, which native code reads: u32 id, u32 ms, little endian. */
export function encodeTimer(id: number, ms: number): Uint8Array {
  return twoU32(id, ms);
}

/** @throws InvalidMessage for a body of another size */
export function decodeTimer(payload: Uint8Array): Timer {
  if (payload.length !== 8) throw new InvalidMessage(`a Timer of ${payload.length} bytes instead of 8`);
  return { id: readU32(payload, 0), ms: readU32(payload, 4) };
}

function twoU32(first: number, second: number): Uint8Array {
  const body = new Uint8Array(8);
  writeU32(body, 0, first);
  writeU32(body, 4, second);
  return body;
}

function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function readU32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

/** A record of an actor's log. */
export interface Log {
  /** 0 to 255; what the numbers mean is the log's business. */
  readonly level: number;
  readonly text: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The body of a Log frame: u8 level, which native code reads, and the text in UTF-8. */
export function encodeLog(level: number, text: string): Uint8Array {
  const encoded = encoder.encode(text);
  const body = new Uint8Array(1 + encoded.length);
  body[0] = level;
  body.set(encoded, 1);
  return body;
}

/** A text that is not UTF-8 is shown as far as it can be. @throws InvalidMessage for an empty body */
export function decodeLog(payload: Uint8Array): Log {
  if (payload.length === 0) throw new InvalidMessage("a Log without a level");
  return { level: payload[0] as number, text: decoder.decode(payload.subarray(1)) };
}

/** First of all: who speaks. */
export interface Hello {
  /** Of the protocol; see `acceptsVersion`. */
  readonly version: number;
  /** Proves that the speaker is the process that was started; good once. */
  readonly token: string;
  readonly pid?: number | undefined;
  /** Version of Node, for messages. */
  readonly node?: string | undefined;
}

export function encodeHello(hello: Hello): Uint8Array {
  return encodeValue(hello, "Hello");
}

/** @throws InvalidMessage naming the field */
export function decodeHello(payload: Uint8Array, flags = 0): Hello {
  const body = bodyOf(payload, flags, "Hello");
  return {
    version: take(body, "Hello", "version", isCount, "a whole number"),
    token: take(body, "Hello", "token", isText, "a text"),
    pid: takeMaybe(body, "Hello", "pid", isCount, "a whole number"),
    node: takeMaybe(body, "Hello", "node", isText, "a text"),
  };
}

/** What an actor is told once it has said hello. */
export interface Spec {
  readonly actor: ActorId;
  readonly parent: ActorId;
  readonly root: ActorId;
  /** Its place in the tree, as `/parent/child`. */
  readonly path: string;
  readonly spawnMethod: string;
  readonly logLevel: string;
  /** URL of its module. */
  readonly module?: string | undefined;
  /** Code to evaluate instead of a module, for an actor that is a string. */
  readonly source?: string | undefined;
  /** URL of the parent's main module. */
  readonly main?: string | undefined;
  /** Whether `main` is to be loaded too. */
  readonly inheritMain: boolean;
  /** What is loaded before its module: URLs, or names of packages. */
  readonly preload?: readonly string[] | undefined;
  /** In ms. */
  readonly cancelTimeout: number;
  /** Time left of a parent that is itself being ended, in ms. */
  readonly budget?: number | undefined;
  /** The spawn methods with which it may start actors, where it is a guest. */
  readonly actors?: readonly string[] | undefined;
}

export function encodeSpec(spec: Spec): Uint8Array {
  return encodeValue(spec, "Spec");
}

/** As {@link encodeSpec}, as JSON text: for a guest. */
export function encodeSpecJson(spec: Spec): Uint8Array {
  return encodeText(spec, "Spec");
}

/** @throws InvalidMessage naming the field */
export function decodeSpec(payload: Uint8Array, flags = 0): Spec {
  const body = bodyOf(payload, flags, "Spec");
  return {
    actor: take(body, "Spec", "actor", isActorId, AN_IDENTITY),
    parent: take(body, "Spec", "parent", isActorId, AN_IDENTITY),
    root: take(body, "Spec", "root", isActorId, AN_IDENTITY),
    path: take(body, "Spec", "path", isText, "a text"),
    spawnMethod: take(body, "Spec", "spawnMethod", isText, "a text"),
    logLevel: take(body, "Spec", "logLevel", isText, "a text"),
    module: takeMaybe(body, "Spec", "module", isText, "a text"),
    source: takeMaybe(body, "Spec", "source", isText, "a text"),
    main: takeMaybe(body, "Spec", "main", isText, "a text"),
    inheritMain: take(body, "Spec", "inheritMain", isBoolean, "a boolean"),
    preload: takeMaybe(body, "Spec", "preload", isTexts, "an array of texts"),
    cancelTimeout: take(body, "Spec", "cancelTimeout", isAmount, "a time in ms"),
    budget: takeMaybe(body, "Spec", "budget", isAmount, "a time in ms"),
    actors: takeMaybe(body, "Spec", "actors", isTexts, "an array of texts"),
  };
}

/** How an endpoint is reached: a context and a generator are opened. */
export type EndpointForm = "call" | "context" | "generator";

const FORMS: readonly unknown[] = ["call", "context", "generator"] satisfies EndpointForm[];

/** An actor has loaded its module. */
export interface Ready {
  readonly endpoints: Readonly<Record<string, EndpointForm>>;
}

export function encodeReady(ready: Ready): Uint8Array {
  return encodeValue(ready, "Ready");
}

/** @throws InvalidMessage naming the field */
export function decodeReady(payload: Uint8Array, flags = 0): Ready {
  const body = bodyOf(payload, flags, "Ready");
  const endpoints = take(body, "Ready", "endpoints", isRecord, "an object");
  for (const name of Object.keys(endpoints)) {
    const form = endpoints[name];
    if (!FORMS.includes(form))
      throw new InvalidMessage('none of "call", "context" and "generator"', `Ready.endpoints[${JSON.stringify(name)}]`);
  }
  return { endpoints: endpoints as Record<string, EndpointForm> };
}

/** A task begins. */
export interface Start {
  readonly endpoint: string;
  /** True: a context is opened. False: a call. */
  readonly open: boolean;
  readonly args: readonly unknown[];
  /** Time left for it, in ms. */
  readonly remaining?: number | undefined;
  /** Who asks, where that is not the parent. */
  readonly caller?: ActorId | undefined;
  /** Whatever else travels with it, as a trace context. */
  readonly meta?: unknown;
}

/** The elements of a Start: a list, since it is the most frequent body; what is undefined at its end is left out. */
function elementsOf(start: Start, args: unknown, endpoint: unknown, meta: unknown): unknown[] {
  if (meta !== undefined) return [endpoint, start.open, args, start.remaining ?? null, start.caller ?? null, meta];
  if (start.caller !== undefined) return [endpoint, start.open, args, start.remaining ?? null, start.caller];
  if (start.remaining !== undefined) return [endpoint, start.open, args, start.remaining];
  return [endpoint, start.open, args];
}

/**
 * @param reserve bytes to leave free at the beginning; 0 by default
 * @throws InvalidMessage when an argument cannot be sent, as `args[0].items[3]: a function cannot be sent`
 */
export function encodeStart(start: Start, reserve = 0): Uint8Array {
  const args = walkArgs(start.args);
  const meta = start.meta === undefined ? undefined : walk(start.meta, "meta", true);
  return packValue(elementsOf(start, args, walk(start.endpoint, "endpoint", true), meta), "args", reserve);
}

/** As {@link encodeStart}, as JSON text; undefined when an argument is not plain JSON. */
export function encodeStartJson(start: Start, reserve = 0): Uint8Array | undefined {
  if (!isPlainJson(start.args, "args", true) || (start.meta !== undefined && !isPlainJson(start.meta, "meta")))
    return undefined;
  return encodeText(elementsOf(start, start.args, start.endpoint, start.meta), "args", reserve);
}

/** @throws InvalidMessage naming the field */
export function decodeStart(payload: Uint8Array, flags = 0): Start & { readonly args: unknown[] } {
  const body = decodeValue(payload, flags);
  if (!Array.isArray(body)) throw new InvalidMessage("not a list", "Start");
  // Not by a pattern, which asks an iterator for each.
  const { 0: endpoint, 1: open, 2: args, 3: remaining, 4: caller, 5: meta } = body as unknown[];
  if (typeof endpoint !== "string") throw new InvalidMessage("not a text", "Start.endpoint");
  if (typeof open !== "boolean") throw new InvalidMessage("not a boolean", "Start.open");
  if (!Array.isArray(args)) throw new InvalidMessage("not a list", "Start.args");
  if (!isMissing(remaining) && !isAmount(remaining)) throw new InvalidMessage("not a time in ms", "Start.remaining");
  if (!isMissing(caller) && !isActorId(caller)) throw new InvalidMessage(`not ${AN_IDENTITY}`, "Start.caller");
  return {
    endpoint,
    open,
    args: args as unknown[],
    remaining: remaining ?? undefined,
    caller: caller ?? undefined,
    meta: meta ?? undefined,
  };
}

/** A task, or the whole actor (context 0), shall end. */
export interface Cancel {
  readonly origin: CancelOrigin;
  /** How long the answer may take, in ms. */
  readonly within: number;
}

const SCOPES: readonly CancelScope[] = ["call", "context", "actor", "nursery"];
const VIAS: readonly CancelVia[] = ["cancel", "signal", "deadline", "scope", "parent", "host signal"];

/** A cancel must arrive whatever its reason is: one that cannot be sent is replaced by a text that says so. */
export function encodeCancel(cancel: Cancel): Uint8Array;
/** @param encode how the sender writes a value, in place of msgpack */
export function encodeCancel<T>(cancel: Cancel, encode: (value: unknown, root: string) => T): T;
export function encodeCancel(cancel: Cancel, encode: (value: unknown, root: string) => unknown = encodeValue): unknown {
  const { scope, via, canceller, reason } = cancel.origin;
  const write = (given: { reason?: unknown }): unknown =>
    encode({ origin: { scope, via, canceller, ...given }, within: cancel.within }, "cancel");
  try {
    return write(reason === undefined ? {} : { reason });
  } catch (error) {
    const why = error instanceof InvalidMessage ? error.why : "unknown";
    return write({ reason: `(a reason that cannot be sent: ${why})` });
  }
}

/** @throws InvalidMessage naming the field */
export function decodeCancel(payload: Uint8Array, flags = 0): Cancel {
  const body = bodyOf(payload, flags, "Cancel");
  const origin = take(body, "Cancel", "origin", isRecord, "an object");
  return {
    origin: {
      scope: take(
        origin,
        "Cancel.origin",
        "scope",
        (value): value is CancelScope => (SCOPES as readonly unknown[]).includes(value),
        "a scope",
      ),
      via: take(
        origin,
        "Cancel.origin",
        "via",
        (value): value is CancelVia => (VIAS as readonly unknown[]).includes(value),
        "a way of cancelling",
      ),
      canceller: take(origin, "Cancel.origin", "canceller", isActorId, AN_IDENTITY),
      reason: origin["reason"],
    },
    within: take(body, "Cancel", "within", isAmount, "a time in ms"),
  };
}

/** The answer to a Cancel: the task has ended, or the loop is alive and what the task still gives is thrown away. */
export interface CancelAck {
  readonly state: "finished" | "abandoned";
  /** What cleaning up threw. */
  readonly errors?: readonly ErrorData[] | undefined;
}

export function encodeCancelAck(ack: CancelAck): Uint8Array;
/** @param encode how the sender writes a value, in place of msgpack */
export function encodeCancelAck<T>(ack: CancelAck, encode: (value: unknown, root: string) => T): T;
export function encodeCancelAck(
  { state, errors }: CancelAck,
  encode: (value: unknown, root: string) => unknown = encodeValue,
): unknown {
  if (errors === undefined || errors.length === 0) return encode({ state }, "CancelAck");
  try {
    return encode({ state, errors }, "CancelAck");
  } catch {
    return encode({ state, errors: errors.map(bareError) }, "CancelAck");
  }
}

/** @throws InvalidMessage naming the field */
export function decodeCancelAck(payload: Uint8Array, flags = 0): CancelAck {
  const body = bodyOf(payload, flags, "CancelAck");
  const state = take(body, "CancelAck", "state", isAckState, '"finished" or "abandoned"');
  const errors = takeMaybe(body, "CancelAck", "errors", isList, "a list");
  return errors === undefined
    ? { state }
    : { state, errors: errors.map((data, i) => checkErrorData(data, `CancelAck.errors[${i}]`)) };
}

/**
 * What kind of failure an Error frame tells. `invalid`: an argument is not what the endpoint's schema allows. `message`: a message of a
 * stream is not, and was skipped; the task goes on.
 */
export type ErrorKind = "thrown" | "cancelled" | "unknown-endpoint" | "invalid" | "message" | "protocol";

/** A task failed; in context 0 the actor did. */
export interface ErrorBody {
  /** While an actor starts: "load" or "setup". */
  readonly phase?: string | undefined;
  readonly error: ErrorData;
  readonly kind: ErrorKind;
}

const KINDS: readonly ErrorKind[] = ["thrown", "cancelled", "unknown-endpoint", "invalid", "message", "protocol"];

/** An error must arrive: one that cannot be sent after all goes without its fields, causes and members. */
export function encodeError(body: ErrorBody): Uint8Array;
/** @param encode how the sender writes a value, in place of msgpack */
export function encodeError<T>(body: ErrorBody, encode: (value: unknown, root: string) => T): T;
export function encodeError(
  { phase, error, kind }: ErrorBody,
  encode: (value: unknown, root: string) => unknown = encodeValue,
): unknown {
  const rest = phase === undefined ? { kind } : { phase, kind };
  try {
    return encode({ ...rest, error }, "error");
  } catch {
    return encode({ ...rest, error: bareError(error) }, "error");
  }
}

/** @throws InvalidMessage naming the field */
export function decodeError(payload: Uint8Array, flags = 0): ErrorBody {
  const body = bodyOf(payload, flags, "Error");
  return {
    phase: takeMaybe(body, "Error", "phase", isText, "a text"),
    error: checkErrorData(body["error"], "Error.error"),
    kind: take(
      body,
      "Error",
      "kind",
      (value): value is ErrorKind => (KINDS as readonly unknown[]).includes(value),
      "a kind of failure",
    ),
  };
}

const AN_IDENTITY = "the identity of an actor";

function bodyOf(payload: Uint8Array, flags: number, where: string): Fields {
  return fieldsOf(decodeValue(payload, flags), where);
}

const isAckState = (value: unknown): value is CancelAck["state"] => value === "finished" || value === "abandoned";
