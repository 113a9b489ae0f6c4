// How a host asks an actor what runs in it, and is answered. Only the shape of an answer is sure, to the last field; its length and its depth
// are bounded.
import { InvalidMessage } from "../errors/kinds.js";
import { fieldsOf, isAmount, isMissing, isText, take, takeMaybe, type Fields } from "./fields.js";
import { decodeValue, type Encode, type Encoded } from "./payload.js";
import {
  MOST_LISTED,
  type ActorDump,
  type Amount,
  type AskedDump,
  type ChildDump,
  type PartDump,
  type PoolDump,
  type ScopeDump,
  type StreamDump,
  type SubscribersDump,
  type SupervisionDump,
  type TaskDump,
} from "./tree.js";

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
  const body = fieldsOf(decodeValue(payload, flags), "Request");
  if (body["ask"] !== "describe") throw new InvalidMessage("no known question", "Request.ask");
  return { ask: "describe", number: amount(body, "Request", "number"), within: amount(body, "Request", "within") };
}

/** What an actor says of itself is data of its own: only its shape is sure. @throws InvalidMessage */
export function decodeAnswer(payload: Uint8Array, flags: number): Answer {
  if (payload.length > LONGEST_ANSWER) throw new InvalidMessage(`a description of ${payload.length} bytes`, "Reply");
  const body = fieldsOf(decodeValue(payload, flags), "Reply");
  return { number: amount(body, "Reply", "number"), part: partOf(body["part"], "Reply.part", 0) };
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
    supervision: maybe(from["supervision"], (one) => supervisionOf(one, `${where}.supervision`)),
    pool: maybe(from["pool"], (one) => poolOf(one, `${where}.pool`)),
    actors: listOf(from["actors"], `${where}.actors`, (actor, at) => actorOf(actor, at, depth + 1)),
    scopes: listOf(from["scopes"], `${where}.scopes`, (scope, at) => scopeOf(scope, at, depth + 1)),
    more: amount(from, where, "more"),
  };
}

function supervisionOf(value: unknown, where: string): SupervisionDump {
  const from = recordOf(value, where, 0);
  return {
    strategy: text(from, where, "strategy"),
    restarts: amount(from, where, "restarts"),
    recent: amount(from, where, "recent"),
    intensity: amount(from, where, "intensity"),
    period: amount(from, where, "period"),
    children: listOf(from["children"], `${where}.children`, childOf),
  };
}

function childOf(value: unknown, where: string): ChildDump {
  const from = recordOf(value, where, 0);
  return {
    id: text(from, where, "id"),
    kind: text(from, where, "kind") as ChildDump["kind"],
    status: text(from, where, "status"),
    for: amount(from, where, "for"),
    up: from["up"] === true,
    restart: text(from, where, "restart"),
    restarts: amount(from, where, "restarts"),
  };
}

function poolOf(value: unknown, where: string): PoolDump {
  const from = recordOf(value, where, 0);
  const figure = (key: keyof PoolDump): number => amount(from, where, key);
  return {
    size: figure("size"),
    actors: figure("actors"),
    busy: figure("busy"),
    starting: figure("starting"),
    queued: figure("queued"),
    running: figure("running"),
    calls: figure("calls"),
    failed: figure("failed"),
    replaced: figure("replaced"),
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
    subscribers: maybe(from["subscribers"], (one) => subscribersOf(one, `${where}.subscribers`)),
  };
}

function subscribersOf(value: unknown, where: string): SubscribersDump {
  const from = recordOf(value, where, 0);
  return {
    count: amount(from, where, "count"),
    pacing: amount(from, where, "pacing"),
    unread: amount(from, where, "unread"),
    missed: amount(from, where, "missed"),
  };
}

/** JSON has no undefined: null stands for it. */
const maybe = <T>(value: unknown, read: (value: unknown) => T): T | undefined =>
  isMissing(value) ? undefined : read(value);

function recordOf(value: unknown, where: string, depth: number): Fields {
  if (depth > DEEPEST) throw new InvalidMessage("too deep", where);
  return fieldsOf(value, where);
}

function listOf<T>(value: unknown, where: string, read: (value: unknown, where: string) => T): T[] {
  if (!Array.isArray(value) || value.length > MOST_LISTED) throw new InvalidMessage("not a list of that length", where);
  return value.map((one, index) => read(one, `${where}[${index}]`));
}

const text = (from: Fields, where: string, key: string): string => take(from, where, key, isText, "a text");
const amount = (from: Fields, where: string, key: string): number => take(from, where, key, isAmount, "a number");
const maybeText = (from: Fields, where: string, key: string): string | undefined =>
  takeMaybe(from, where, key, isText, "a text");
const maybeAmount = (from: Fields, where: string, key: string): number | undefined =>
  takeMaybe(from, where, key, isAmount, "a number");
