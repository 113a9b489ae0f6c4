// How a guest has actors of its own: it holds their portals and speaks with them as any parent does, while its host makes and ends their
// bodies. Orders go to the host in Requests of context 0, what comes of them back in Replies; the bytes of a body's channel travel in both
// under the body's number, which is even, since contexts of the host's are odd. What a guest orders is checked to the last field.
import type { ActorId } from "../errors/identity.js";
import { InvalidMessage } from "../errors/kinds.js";
import { checkErrorData, isActorId, type ErrorData } from "./error-data.js";
import { fieldsOf, isAmount, isCount, isList, isText, isTexts, take, takeMaybe, type Fields } from "./fields.js";
import { decodeValue } from "./payload.js";

/** What an actor is made of, in words that travel. */
export type OrderedSource =
  | { readonly kind: "actor"; readonly module: string }
  | {
      readonly kind: "component";
      readonly file?: string | undefined;
      readonly bytes?: Uint8Array | undefined;
      readonly isolated: boolean;
    }
  | { readonly kind: "source"; readonly code: string };

/** Numbers of a wasm actor's limits: bytes and ms, by name. */
export type OrderedLimits = Readonly<Record<"memory" | "cpu" | "cpuTotal" | "wall" | "output", number>>;

export interface SpawnOrder {
  readonly op: "spawn";
  readonly body: number;
  readonly method: string;
  readonly explicit: boolean;
  readonly id: ActorId;
  readonly path: string;
  readonly token: string;
  readonly startTimeout: number;
  readonly source: OrderedSource;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  readonly execArgv?: readonly string[] | undefined;
  readonly preload?: boolean | readonly string[] | undefined;
  readonly limits: OrderedLimits;
  /** What it may start itself. */
  readonly actors: readonly string[];
}

export type Order =
  | SpawnOrder
  | { readonly op: "terminate" | "kill" | "end" | "destroy" | "stop"; readonly body: number }
  | {
      readonly op: "call";
      readonly body: number;
      readonly call: number;
      readonly name: string;
      readonly args: readonly unknown[];
    };

const SIMPLE: readonly unknown[] = ["terminate", "kill", "end", "destroy", "stop"];

/** @throws InvalidMessage naming the field */
export function decodeOrder(payload: Uint8Array, flags: number): Order {
  const order = fieldsOf(decodeValue(payload, flags), "Request");
  const body = take(order, "Request", "body", isBodyNumber, "an even number above 0");
  const { op } = order;
  if (SIMPLE.includes(op)) return { op: op as "kill", body };
  if (op === "call")
    return {
      op,
      body,
      call: take(order, "Request", "call", isCount, "a whole number"),
      name: take(order, "Request", "name", isText, "a text"),
      args: take(order, "Request", "args", isList, "a list"),
    };
  if (op !== "spawn") throw new InvalidMessage("no known order", "Request.op");
  const limits = fieldsOf(order["limits"], "Request.limits");
  const limit = (name: string): number => take(limits, "Request.limits", name, isAmount, "a number");
  return {
    op,
    body,
    method: take(order, "Request", "method", isText, "a text"),
    explicit: order["explicit"] === true,
    id: take(order, "Request", "id", isActorId, "the identity of an actor"),
    path: take(order, "Request", "path", isText, "a text"),
    token: take(order, "Request", "token", isText, "a text"),
    startTimeout: take(order, "Request", "startTimeout", isAmount, "a time in ms"),
    source: sourceOf(fieldsOf(order["source"], "Request.source")),
    env: takeMaybe(order, "Request", "env", isTextMap, "an object of texts"),
    cwd: takeMaybe(order, "Request", "cwd", isText, "a text"),
    execArgv: takeMaybe(order, "Request", "execArgv", isTexts, "an array of texts"),
    preload: takeMaybe(
      order,
      "Request",
      "preload",
      (one): one is boolean | string[] => typeof one === "boolean" || isTexts(one),
      "true or an array of texts",
    ),
    limits: {
      memory: limit("memory"),
      cpu: limit("cpu"),
      cpuTotal: limit("cpuTotal"),
      wall: limit("wall"),
      output: limit("output"),
    },
    actors: take(order, "Request", "actors", isTexts, "an array of texts"),
  };
}

function sourceOf(source: Fields): OrderedSource {
  switch (source["kind"]) {
    case "actor":
      return { kind: "actor", module: take(source, "Request.source", "module", isText, "a text") };
    case "source":
      return { kind: "source", code: take(source, "Request.source", "code", isText, "a text") };
    case "component":
      return {
        kind: "component",
        file: takeMaybe(source, "Request.source", "file", isText, "a text"),
        bytes: takeMaybe(
          source,
          "Request.source",
          "bytes",
          (one): one is Uint8Array => one instanceof Uint8Array,
          "bytes",
        ),
        isolated: source["isolated"] === true,
      };
    default:
      throw new InvalidMessage("no known source", "Request.source.kind");
  }
}

/** How a body ended, as data. */
export interface ToldEnd {
  readonly kind: "exited" | "signalled" | "lost" | "failed" | "unborn";
  readonly code?: number | undefined;
  readonly signal?: string | undefined;
  readonly error?: ErrorData | undefined;
  readonly phase?: "load" | "spawn" | undefined;
  readonly stderr: readonly string[];
  readonly memory?: string | undefined;
}

/** What a host tells of a body. */
export type Told =
  | {
      readonly on: "speaks";
      readonly body: number;
      readonly pid?: number | undefined;
      readonly known: boolean;
      readonly reason?: string | undefined;
      /** The place of its module, where it loads one: a guest knows it relative to its own artifact. */
      readonly module?: string | undefined;
      /** Bytes that it can have at all, where it is a guest. */
      readonly memory?: number | undefined;
    }
  | {
      readonly on: "offers";
      readonly body: number;
      /** Names, and why one of them cannot be called. */
      readonly table: readonly (readonly [name: string, unsupported: string | null])[];
    }
  | { readonly on: "ended"; readonly body: number }
  | { readonly on: "gone"; readonly body: number; readonly end: ToldEnd }
  | { readonly on: "logged"; readonly body: number; readonly level: number; readonly text: string }
  | { readonly on: "output"; readonly body: number; readonly stream: "stdout" | "stderr"; readonly text: string }
  | { readonly on: "returned" | "threw"; readonly body: number; readonly call: number; readonly value: unknown }
  | { readonly on: "refused"; readonly body: number; readonly call: number; readonly error: ErrorData };

/** A guest takes its host's word, but for errors, which it will rebuild. @throws InvalidMessage */
export function decodeTold(payload: Uint8Array, flags: number): Told {
  const told = decodeValue(payload, flags) as Told;
  if (told.on === "refused") checkErrorData(told.error, "Reply.error");
  if (told.on === "gone" && told.end.error !== undefined && told.end.error !== null)
    checkErrorData(told.end.error, "Reply.end.error");
  return told;
}

const isBodyNumber = (value: unknown): value is number =>
  isCount(value) && value > 0 && value % 2 === 0 && value < 2 ** 32;
const isTextMap = (value: unknown): value is Record<string, string> =>
  typeof value === "object" && value !== null && Object.values(value).every(isText);
