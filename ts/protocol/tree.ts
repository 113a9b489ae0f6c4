// What there is to see of a tree of actors, as plain data: what a dump is made of, and what an actor answers when its host asks what
// runs in it. Times are durations in ms, so that they mean the same in every process. Lists are bounded, and what was left out is counted.
import { InvalidMessage } from "../errors/kinds.js";
import { decodeValue, type Encode, type Encoded } from "./payload.js";

/** Of one list, no more entries than these are told. */
export const MOST_LISTED = 200;

/** Messages and their bytes. */
export interface Amount {
  readonly messages: number;
  readonly bytes: number;
}

/** One end of a stream. */
export interface StreamDump {
  /** Of the credit, what this end has taken: sent, and not consumed at the other end. */
  readonly sent: Amount;
  /** `send`s that wait for credit. */
  readonly sending: number;
  /** How long the first of them has waited. */
  readonly sendingFor?: number | undefined;
  /** Messages that came and were not read. */
  readonly unread: number;
  /** What came and is not given back as credit. */
  readonly received: Amount;
  /** Readers that wait for a message. */
  readonly reading: number;
  /** How long the first of them has waited. */
  readonly readingFor?: number | undefined;
}

/** A cancel that was asked for. */
export interface CancelDump {
  /** What asked: a call of `cancel`, a signal, a deadline, the end of a scope. */
  readonly via: string;
  /** undefined: nobody knows yet. */
  readonly acknowledged?: boolean | undefined;
}

/** What was asked of an actor and is not answered, as who asked sees it. */
export interface AskedDump {
  /** Its number on the channel, the same at both ends. */
  readonly context: number;
  readonly kind: "call" | "context";
  readonly endpoint: string;
  readonly state: string;
  /** Since it was asked. */
  readonly age: number;
  readonly cancel?: CancelDump | undefined;
  readonly stream?: StreamDump | undefined;
}

/** A task, as the actor that runs it sees it. */
export interface TaskDump {
  /** Its number on the channel, the same at both ends. */
  readonly context: number;
  readonly kind: "call" | "context" | "generator";
  readonly endpoint: string;
  /** `cancelling`: it was asked to end. `abandoned`: nobody awaits its outcome any more. */
  readonly state: "running" | "cancelling" | "abandoned";
  readonly age: number;
  /** Until its caller's deadline. */
  readonly remaining?: number | undefined;
  readonly stream?: StreamDump | undefined;
}

/** What /proc says of a process. Linux. */
export interface ProcessFigures {
  /** As in ps: R runs, S sleeps, D waits for a device, T was stopped, Z is dead and not reaped. */
  readonly state: string;
  /** CPU time that it has used, in ms. */
  readonly cpu: number;
  /** Share of one core that it used while it was looked at; only of one that does not answer. */
  readonly busy?: number | undefined;
  /** Memory that it occupies, in bytes. */
  readonly memory: number;
  /** The function of the kernel that it waits in, where that may be known. */
  readonly waitsIn?: string | undefined;
}

/** An actor, as who started it sees it; `inside` as it sees itself. */
export interface ActorDump {
  readonly name: string;
  readonly path: string;
  readonly uuid: string;
  readonly pid?: number | undefined;
  readonly spawnMethod: string;
  readonly status: string;
  /** How long it has had that status. */
  readonly for: number;
  /** Since its start was asked for. */
  readonly age: number;
  /** What it was asked and has not answered. */
  readonly asked: readonly AskedDump[];
  /** How many of them were left out. */
  readonly more: number;
  /** Calls and contexts since its start. */
  readonly total: number;
  /** Why nothing is known of its inside: it was not asked, or it did not answer in time. */
  readonly silent?: string | undefined;
  readonly inside?: PartDump | undefined;
  readonly process?: ProcessFigures | undefined;
}

/** What owns actors: a nursery, a pool, a supervisor; or a shared resource, which owns none. */
export interface ScopeDump {
  readonly kind: "nursery" | "pool" | "supervisor" | "shared";
  readonly name: string;
  readonly status: string;
  readonly for: number;
  /** What else there is to say, in words. */
  readonly note?: string | undefined;
  /** In the order of their start. */
  readonly actors: readonly ActorDump[];
  readonly scopes: readonly ScopeDump[];
  /** How many actors were left out. */
  readonly more: number;
}

/** What runs in one place: a process, or a guest. */
export interface PartDump {
  /** What it was asked and works on; nothing in a process that is no actor. */
  readonly tasks: readonly TaskDump[];
  /** How many were left out. */
  readonly more: number;
  readonly scopes: readonly ScopeDump[];
}

/** What there is to see of a tree of actors, as plain data. */
export interface TreeDump {
  /** When it was made, as an ISO date. */
  readonly at: string;
  /** How long that took, in ms. */
  readonly took: number;
  readonly name: string;
  /** `""` at the root of the tree. */
  readonly path: string;
  readonly pid: number;
  /** Version of Node. */
  readonly node: string;
  readonly process?: ProcessFigures | undefined;
  readonly scopes: readonly ScopeDump[];
}

/** How a dump is made. */
export interface DumpOptions {
  /** In which actors answer what runs in them, in ms. Default 500; the dump is there 100 ms later at the latest. */
  within?: number | undefined;
}

/** The question that a host puts to an actor in a Request of context 0, and the answer in a Reply. */
export interface Question {
  readonly ask: "describe";
  readonly number: number;
  /** The ms in which an answer is of use. */
  readonly within: number;
}
export interface Answer {
  readonly number: number;
  readonly part: PartDump;
}

/** An answer longer than this is not read, in bytes: it is no reason to be busy. */
const LONGEST_ANSWER = 4 * 2 ** 20;
/** Actors within actors, and scopes within scopes. */
const DEEPEST = 64;

/** One that would be too long goes without what is in it. */
export function encodeAnswer(answer: Answer, encode: Encode): Encoded {
  try {
    const whole = encode(answer, "Reply");
    if (whole.payload.length <= LONGEST_ANSWER) return whole;
  } catch {
    // More than a message may hold.
  }
  const { tasks, more } = answer.part;
  return encode({ number: answer.number, part: { tasks: [], more: more + tasks.length, scopes: [] } }, "Reply");
}

/** @throws InvalidMessage */
export function decodeQuestion(payload: Uint8Array, flags: number): Question {
  const body = decodeValue(payload, flags);
  if (!isRecord(body) || body["ask"] !== "describe") throw new InvalidMessage("no known question", "Request.ask");
  const { number, within } = body;
  if (!isAmount(number) || !isAmount(within)) throw new InvalidMessage("not a number", "Request.number");
  return { ask: "describe", number, within };
}

/** What an actor says of itself is data of its own: only its shape is sure. @throws InvalidMessage */
export function decodeAnswer(payload: Uint8Array, flags: number): Answer {
  if (payload.length > LONGEST_ANSWER) throw new InvalidMessage(`a description of ${payload.length} bytes`, "Reply");
  const body = decodeValue(payload, flags);
  if (!isRecord(body) || !isAmount(body["number"])) throw new InvalidMessage("not a number", "Reply.number");
  return { number: body["number"], part: partOf(body["part"], "Reply.part", 0) };
}

function partOf(value: unknown, where: string, depth: number): PartDump {
  const from = recordOf(value, where, depth);
  return {
    tasks: listOf(from["tasks"], `${where}.tasks`, (task, at) => taskOf(task, at)),
    more: amount(from, where, "more"),
    scopes: listOf(from["scopes"], `${where}.scopes`, (scope, at) => scopeOf(scope, at, depth + 1)),
  };
}

function taskOf(value: unknown, where: string): TaskDump {
  const from = recordOf(value, where, 0);
  return {
    context: amount(from, where, "context"),
    kind: text(from, where, "kind") as TaskDump["kind"],
    endpoint: text(from, where, "endpoint"),
    state: text(from, where, "state") as TaskDump["state"],
    age: amount(from, where, "age"),
    remaining: maybeAmount(from, where, "remaining"),
    stream: maybe(from["stream"], (stream) => streamOf(stream, `${where}.stream`)),
  };
}

function scopeOf(value: unknown, where: string, depth: number): ScopeDump {
  const from = recordOf(value, where, depth);
  return {
    kind: text(from, where, "kind") as ScopeDump["kind"],
    name: text(from, where, "name"),
    status: text(from, where, "status"),
    for: amount(from, where, "for"),
    note: maybeText(from, where, "note"),
    actors: listOf(from["actors"], `${where}.actors`, (actor, at) => actorOf(actor, at, depth + 1)),
    scopes: listOf(from["scopes"], `${where}.scopes`, (scope, at) => scopeOf(scope, at, depth + 1)),
    more: amount(from, where, "more"),
  };
}

function actorOf(value: unknown, where: string, depth: number): ActorDump {
  const from = recordOf(value, where, depth);
  return {
    name: text(from, where, "name"),
    path: text(from, where, "path"),
    uuid: text(from, where, "uuid"),
    pid: maybeAmount(from, where, "pid"),
    spawnMethod: text(from, where, "spawnMethod"),
    status: text(from, where, "status"),
    for: amount(from, where, "for"),
    age: amount(from, where, "age"),
    asked: listOf(from["asked"], `${where}.asked`, (asked, at) => askedOf(asked, at)),
    more: amount(from, where, "more"),
    total: amount(from, where, "total"),
    silent: maybeText(from, where, "silent"),
    inside: maybe(from["inside"], (inside) => partOf(inside, `${where}.inside`, depth + 1)),
  };
}

function askedOf(value: unknown, where: string): AskedDump {
  const from = recordOf(value, where, 0);
  return {
    context: amount(from, where, "context"),
    kind: text(from, where, "kind") as AskedDump["kind"],
    endpoint: text(from, where, "endpoint"),
    state: text(from, where, "state"),
    age: amount(from, where, "age"),
    cancel: maybe(from["cancel"], (cancel) => {
      const asked = recordOf(cancel, `${where}.cancel`, 0);
      const acknowledged = asked["acknowledged"];
      return {
        via: text(asked, `${where}.cancel`, "via"),
        acknowledged: typeof acknowledged === "boolean" ? acknowledged : undefined,
      };
    }),
    stream: maybe(from["stream"], (stream) => streamOf(stream, `${where}.stream`)),
  };
}

function streamOf(value: unknown, where: string): StreamDump {
  const from = recordOf(value, where, 0);
  const both = (key: string): Amount => {
    const found = recordOf(from[key], `${where}.${key}`, 0);
    return { messages: amount(found, `${where}.${key}`, "messages"), bytes: amount(found, `${where}.${key}`, "bytes") };
  };
  return {
    sent: both("sent"),
    sending: amount(from, where, "sending"),
    sendingFor: maybeAmount(from, where, "sendingFor"),
    unread: amount(from, where, "unread"),
    received: both("received"),
    reading: amount(from, where, "reading"),
    readingFor: maybeAmount(from, where, "readingFor"),
  };
}

/** JSON has no undefined: null stands for it. */
const maybe = <T>(value: unknown, read: (value: unknown) => T): T | undefined =>
  value === undefined || value === null ? undefined : read(value);

const isAmount = (value: unknown): value is number => typeof value === "number" && value >= 0 && value < Infinity;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function recordOf(value: unknown, where: string, depth: number): Record<string, unknown> {
  if (depth > DEEPEST) throw new InvalidMessage("too deep", where);
  if (!isRecord(value)) throw new InvalidMessage("not an object", where);
  return value;
}

function listOf<T>(value: unknown, where: string, read: (value: unknown, where: string) => T): T[] {
  if (!Array.isArray(value) || value.length > MOST_LISTED) throw new InvalidMessage("not a list of that length", where);
  return value.map((one, index) => read(one, `${where}[${index}]`));
}

function text(from: Record<string, unknown>, where: string, key: string): string {
  const value = from[key];
  if (typeof value !== "string") throw new InvalidMessage("not a text", `${where}.${key}`);
  return value;
}

function amount(from: Record<string, unknown>, where: string, key: string): number {
  const value = from[key];
  if (!isAmount(value)) throw new InvalidMessage("not a number", `${where}.${key}`);
  return value;
}

const maybeText = (from: Record<string, unknown>, where: string, key: string): string | undefined =>
  maybe(from[key], () => text(from, where, key));
const maybeAmount = (from: Record<string, unknown>, where: string, key: string): number | undefined =>
  maybe(from[key], () => amount(from, where, key));
