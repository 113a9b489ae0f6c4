// What a JavaScript actor in wasm does: the same task loop as in a process, on the two streams of its world. Everything here
// runs first while the actor is built, whose memory is then kept; an instance begins with `run`. The host sends the Spec
// first, unasked; the answer is Hello and Ready, in one item unless `setup` takes its time. It leaves by ending its stream.
import "./guest-globals.js";
import { startPrelude } from "../actor/guest/install.js";
import { now } from "../actor/guest/clock.js";
import { due } from "../actor/guest/timers.js";
import { context, defineActor, endpoint, findDefinition, type, type Definition } from "../actor/define.js";
import type { Host } from "../actor/host.js";
import { readyOf, TaskLoop } from "../actor/loop.js";
import type { ActorInfo } from "../context/surface.js";
import { InvalidMessage, Unsupported } from "../errors/kinds.js";
import { listNames } from "../errors/near.js";
import { decodeSpec, decodeTimer, encodeError, encodeLog, encodeTimer, type Spec } from "../protocol/bodies.js";
import { Channel } from "../protocol/channel.js";
import { describeError } from "../protocol/error-data.js";
import { FrameType } from "../protocol/frame.js";
import { LEVELS } from "../protocol/here.js";
import { encodePlain, type Encoded } from "../protocol/payload.js";
import { PROTOCOL_VERSION } from "../protocol/version.js";
import { bind } from "./guest-host.js";
import { keepRecord, record } from "./guest-record.js";
import { evaluateSource } from "./guest-source.js";
import { StreamTransport, type StreamReadable, type StreamWritable } from "./guest-transport.js";

export { context, defineActor, endpoint, type };

/** The runtime's own door to streams, of which no actor knows. */
const { Stream } = (globalThis as unknown as { wit: { Stream(): { readable: unknown; writable: StreamWritable } } })
  .wit;
delete (globalThis as { wit?: unknown }).wit;

/** Longer log texts are cut: a log is for people. */
const LOG_CHARACTERS = 16 * 1024;

const HELLO = encodePlain({ version: PROTOCOL_VERSION, token: "" }, "Hello");

/** The export of an actor module's component. Throws a TypeError for a module that is none. */
export function serve(exports: Record<string, unknown>): (inbox: StreamReadable) => Promise<unknown> {
  const definition = findDefinition(exports);
  if (definition === undefined) {
    const names = Object.keys(exports);
    const fault = names.includes("default")
      ? "the default export was not made by defineActor()"
      : "there is no default export";
    throw new TypeError(
      `${fault}: the module exports ${names.length === 0 ? "nothing" : listNames(names)}. Write: export default defineActor({ ... })`,
    );
  }
  const endpoints = readyOf(definition);
  const ready = encodePlain(endpoints, "Ready");
  keepRecord(endpoints.endpoints);
  return (inbox) => new Guest(() => ({ definition, ready })).run(inbox);
}

/** The export of the component that runs a string, which comes with the Spec. */
export function serveSource(): (inbox: StreamReadable) => Promise<unknown> {
  keepRecord({});
  return (inbox) =>
    new Guest((spec) => {
      if (spec.source === undefined) throw new InvalidMessage("its Spec has no source");
      const definition = evaluateSource(spec.source);
      return { definition, ready: encodePlain(readyOf(definition), "Ready") };
    }).run(inbox);
}

type Load = (spec: Spec) => { readonly definition: Definition; readonly ready: Encoded };

class Guest {
  readonly #load: Load;
  readonly #channel: Channel;
  readonly #transport: StreamTransport;
  readonly #readable: unknown;
  #loop: TaskLoop | undefined;
  #self: ActorInfo | undefined;
  #left = false;

  constructor(load: Load) {
    this.#load = load;
    const { readable, writable } = Stream();
    this.#readable = readable;
    this.#transport = new StreamTransport(writable, {
      received: (bytes) => this.#channel.received(bytes),
      drained: () => this.#channel.drained(),
      ended: () => this.#channel.ended(),
    });
    this.#channel = new Channel(this.#transport, {
      message: (messageType, flags, contextNumber, payload) =>
        this.#message(messageType, flags, contextNumber, payload),
      closed: () => this.#leave(),
    });
  }

  run(inbox: StreamReadable): Promise<unknown> {
    this.#transport.pump(inbox, () => this.#channel.flush());
    return Promise.resolve(this.#readable);
  }

  #message(messageType: FrameType, flags: number, contextNumber: number, payload: Uint8Array): void {
    if (messageType === FrameType.Timer) return due(decodeTimer(payload).id);
    if (this.#loop !== undefined) return this.#loop.message(messageType, flags, contextNumber, payload);
    if (messageType !== FrameType.Spec || this.#self !== undefined)
      throw new InvalidMessage(`a frame of type ${messageType} before Ready`);
    this.#begin(decodeSpec(payload, flags));
  }

  #begin(spec: Spec): void {
    const info: ActorInfo = {
      id: spec.actor,
      parent: spec.parent,
      root: spec.root,
      path: spec.path,
      spawnMethod: spec.spawnMethod as ActorInfo["spawnMethod"],
      logLevel: spec.logLevel as ActorInfo["logLevel"],
    };
    this.#self = info;
    const most = LEVELS.indexOf(info.logLevel);
    bind({
      wake: (id, ms) => this.#channel.send(FrameType.Timer, 0, 0, encodeTimer(id, ms)),
      wants: (level) => level <= most,
      log: (level, text) => this.#log(level, text),
      fatal: (error) => this.#fail(undefined, error),
    });
    startPrelude();
    this.#channel.send(FrameType.Hello, HELLO.flags, 0, HELLO.payload);
    let phase: "load" | "setup" = "load";
    try {
      const { definition, ready } = this.#load(spec);
      this.#loop = new TaskLoop(this.#channel, {
        definition,
        ready,
        host: this.#host(most),
        actor: info,
        cancelTimeout: spec.cancelTimeout,
        encode: encodePlain,
        ending() {},
      });
      phase = "setup";
      void this.#loop.begin().catch((error: unknown) => this.#fail(phase, error));
    } catch (error) {
      this.#fail(phase, error);
    }
  }

  #host(most: number): Host {
    return {
      now,
      leave: () => this.#leave(),
      log: (level, values) => {
        if (level <= most) this.#log(level, values.map(String).join(" "));
      },
      openNursery() {
        throw new Unsupported("task.openNursery", "an actor in wasm cannot start actors of its own yet");
      },
    };
  }

  #log(level: number, text: string): void {
    this.#channel.send(FrameType.Log, 0, 0, encodeLog(level, text.slice(0, LOG_CHARACTERS)));
  }

  /** Tells the host what went wrong with this actor as a whole, and leaves. */
  #fail(phase: "load" | "setup" | undefined, error: unknown): void {
    if (this.#left || this.#self === undefined) return;
    const body = { kind: "thrown" as const, phase, error: describeError(error, this.#self.id) };
    const { payload, flags } = encodeError(body, encodePlain);
    this.#channel.send(FrameType.Error, flags, 0, payload);
    this.#leave();
  }

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#loop?.abandon();
    this.#channel.close();
  }
}

// The last of this module: what is evaluated after it is the user's.
record();
