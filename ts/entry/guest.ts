// What a JavaScript actor in wasm does: the same task loop as in a process, on the two streams of its world. Everything here
// runs first while the actor is built, whose memory is then kept; an instance begins with `run`. The host sends the Spec
// first, unasked; the answer is Hello and Ready, in one item unless `setup` takes its time. It leaves by ending its stream.
// oxlint-disable-next-line no-unassigned-import -- it defines globals
import "./guest-globals.js";
import { format } from "../actor/guest/format.js";
import { startPrelude } from "../actor/guest/install.js";
import { now } from "../actor/guest/clock.js";
import { due } from "../actor/guest/timers.js";
import { context, defineActor, definitionOf, endpoint, type, type Definition } from "../actor/define.js";
import { readyOf, TaskLoop } from "../actor/loop.js";
import type { ActorInfo } from "../context/surface.js";
import { InvalidMessage } from "../errors/kinds.js";
import {
  decodeSpec,
  decodeTimer,
  encodeError,
  encodeLog,
  encodeSpecJson,
  encodeStartJson,
  encodeTimer,
  type Spec,
} from "../protocol/bodies.js";
import { isRemote } from "../errors/remote.js";
import { Channel } from "../protocol/channel.js";
import { describeError } from "../protocol/error-data.js";
import { encodeFrame, Flag, FrameType } from "../protocol/frame.js";
import { openTaskNursery } from "../nursery/open.js";
import { actor, component, source } from "../nursery/source.js";
import { LEVELS } from "../protocol/here.js";
import { decodeTold } from "../protocol/orders.js";
import { encodePlain, type Encoded } from "../protocol/payload.js";
import { PROTOCOL_VERSION } from "../protocol/version.js";
import { bind, type Wire } from "./guest-host.js";
import { keepRecord, record } from "./guest-record.js";
import { bindRelays, receivedFor, told } from "./guest-relays.js";
import { bindPlace } from "./guest-runtime.js";
import { defineScope, evaluateSource } from "./guest-source.js";
import { StreamTransport, type StreamReadable, type StreamWritable } from "./guest-transport.js";

export { actor, component, context, defineActor, endpoint, isRemote, source, type };

/** The runtime's own door to streams, of which no actor knows. */
const { wit } = globalThis as unknown as { wit: { Stream(): { readable: StreamReadable; writable: StreamWritable } } };
const { Stream } = wit;
delete (globalThis as { wit?: unknown }).wit;
// Its other door it looks up by name.
Object.defineProperty(globalThis, "__cqjs", { enumerable: false, writable: false, configurable: false });

const LOG_WARN = 2;
const LOG_INFO = 3;
/** Longer log texts are cut: a log is for people. */
const LOG_CHARACTERS = 16 * 1024;

const HELLO = encodePlain({ version: PROTOCOL_VERSION, token: "" }, "Hello");

/** The export of an actor module's component. Throws a TypeError for a module that is none. */
export async function serve(exports: Record<string, unknown>): Promise<Run> {
  const definition = definitionOf(exports, "the module");
  const endpoints = readyOf(definition);
  const ready = encodePlain(endpoints, "Ready");
  keepRecord(endpoints.endpoints);
  return settle(new Guest({ definition, ready }));
}

/** The export of the component that runs a string, which comes with the Spec. */
export async function serveSource(): Promise<Run> {
  keepRecord({});
  defineScope();
  return settle(
    new Guest((spec) => {
      if (spec.source === undefined) throw new InvalidMessage("its Spec has no source");
      const definition = evaluateSource(spec.source);
      return { definition, ready: encodePlain(readyOf(definition), "Ready") };
    }),
  );
}

type Run = (inbox: StreamReadable) => Promise<unknown>;

/**
 * The engine looks for cycles when the memory in use has grown by half since it last did. Looking writes to every object, so that
 * no page is shared with other instances any more: an instance does it first when it has so many bytes more in use.
 */
const UNTIL_FIRST_COLLECTION = 4 * 2 ** 20;

/** The last that happens while the actor is built. */
async function settle(guest: Guest): Promise<Run> {
  await rehearse();
  // What an instance does first, so that its memory is in place.
  const { readable, writable } = Stream();
  writable.drop();
  readable.drop();
  collectBeside(new ArrayBuffer((UNTIL_FIRST_COLLECTION * 2) / 3));
  return (inbox) => guest.run(inbox);
}

/** A new object makes the engine collect where so much memory is in use; what it finds then counts half as much again. */
function collectBeside(_ballast: ArrayBuffer): object {
  return {};
}

type Load = (spec: Spec) => { readonly definition: Definition; readonly ready: Encoded };

/** Made while the actor is built, so that an instance finds everything in its place. */
class Guest {
  readonly #load: Load | undefined;
  readonly #channel: Channel;
  readonly #transport: StreamTransport;
  readonly #wire: Wire;
  #loop: TaskLoop | undefined;
  /** As it came: most starts need nothing of it, and reading it takes longer than all the rest. */
  #written: Encoded | undefined;
  #spec: Spec | undefined;
  /** When it must be gone, once it is being cancelled. */
  #endsAt: number | undefined;
  #left = false;

  /** @param load what gives the actor its definition once the Spec is there */
  constructor(actor: ReturnType<Load> | Load) {
    this.#transport = new StreamTransport({
      received: (bytes) => this.#channel.received(bytes),
      drained: () => this.#channel.drained(),
      ended: () => this.#channel.ended(),
    });
    this.#channel = new Channel(this.#transport, {
      message: (messageType, flags, contextNumber, payload) =>
        this.#message(messageType, flags, contextNumber, payload),
      closed: () => this.#leave(),
    });
    this.#wire = {
      wake: (id, ms) => this.#channel.send(FrameType.Timer, 0, 0, encodeTimer(id, ms)),
      wants: (level) => level <= LEVELS.indexOf(this.#told().logLevel),
      log: (level, text) => this.#log(level, text),
      fatal: (error) => this.#fail(undefined, error),
    };
    if (typeof actor === "function") this.#load = actor;
    else this.#loop = this.#loopFor(actor);
  }

  /** An instance begins. */
  run(inbox: StreamReadable): Promise<unknown> {
    bind(this.#wire);
    bindPlace(
      () => this.#told(),
      () => (this.#endsAt === undefined ? undefined : Math.max(1, this.#endsAt - now())),
    );
    bindRelays({
      order: (order) => {
        const { payload, flags } = encodePlain(order, "Request");
        this.#channel.send(FrameType.Request, flags, 0, payload);
      },
      bytes: (body, bytes) => this.#channel.send(FrameType.Request, 0, body, bytes),
      granted: () => this.#told().actors ?? [],
      output: (stream, text) => {
        const level = stream === "stdout" ? LOG_INFO : LOG_WARN;
        if (this.#wire.wants(level)) this.#log(level, text);
      },
    });
    startPrelude();
    const { readable, writable } = Stream();
    this.listen(inbox, writable);
    return Promise.resolve(readable);
  }

  listen(inbox: StreamReadable, out: StreamWritable): void {
    this.#transport.pump(inbox, out);
  }

  #message(messageType: FrameType, flags: number, contextNumber: number, payload: Uint8Array): void {
    if (messageType === FrameType.Timer) return due(decodeTimer(payload).id);
    if (this.#written === undefined) {
      if (messageType !== FrameType.Spec) throw new InvalidMessage(`a frame of type ${messageType} before the Spec`);
      this.#written = { payload: payload.slice(), flags };
      return this.#begin();
    }
    if (messageType === FrameType.Reply && contextNumber % 2 === 0)
      return contextNumber === 0 ? told(decodeTold(payload, flags)) : receivedFor(contextNumber, payload);
    if (this.#loop === undefined) throw new InvalidMessage(`a frame of type ${messageType} before Ready`);
    this.#loop.message(messageType, flags, contextNumber, payload);
  }

  #begin(): void {
    this.#channel.send(FrameType.Hello, HELLO.flags, 0, HELLO.payload);
    try {
      if (this.#load !== undefined) this.#loop = this.#loopFor(this.#load(this.#told()));
    } catch (error) {
      return this.#fail("load", error);
    }
    void this.#loop?.begin().catch((error: unknown) => this.#fail("setup", error));
  }

  #loopFor({ definition, ready }: ReturnType<Load>): TaskLoop {
    const told = (): Spec => this.#told();
    let info: ActorInfo | undefined;
    return new TaskLoop(this.#channel, {
      definition,
      ready,
      encode: encodePlain,
      get actor() {
        return (info ??= infoOf(told()));
      },
      get cancelTimeout() {
        return told().cancelTimeout;
      },
      ending: (within) => {
        this.#endsAt = now() + within;
      },
      host: {
        now,
        leave: () => this.#leave(),
        log: (level, values) => {
          if (this.#wire.wants(level)) this.#log(level, format(values));
        },
        openNursery: openTaskNursery,
      },
    });
  }

  #told(): Spec {
    if (this.#spec === undefined) {
      const { payload, flags } = this.#written as Encoded;
      this.#spec = decodeSpec(payload, flags);
    }
    return this.#spec;
  }

  #log(level: number, text: string): void {
    this.#channel.send(FrameType.Log, 0, 0, encodeLog(level, text.slice(0, LOG_CHARACTERS)));
  }

  /** Tells the host what went wrong with this actor as a whole, and leaves. */
  #fail(phase: "load" | "setup" | undefined, error: unknown): void {
    if (this.#left || this.#written === undefined) return;
    const body = { kind: "thrown" as const, phase, error: describeError(error, this.#told().actor) };
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

function infoOf(spec: Spec): ActorInfo {
  return {
    id: spec.actor,
    parent: spec.parent,
    root: spec.root,
    path: spec.path,
    spawnMethod: spec.spawnMethod as ActorInfo["spawnMethod"],
    logLevel: spec.logLevel as ActorInfo["logLevel"],
  };
}

/** A dialogue with nobody, so that what the engine and brood make on first use is made before the memory is kept. */
async function rehearse(): Promise<void> {
  const exports = {
    default: defineActor({
      bare: (value: unknown) => value,
      task: endpoint(async (_task, value: unknown) => value),
      context: context({ started: type<unknown>() }, async (task, value: unknown) => task.started(value)),
    }),
  };
  const definition = definitionOf(exports, "the rehearsal");
  const id = { name: "", uuid: "" };
  const spec: Spec = {
    actor: id,
    parent: id,
    root: id,
    path: "",
    spawnMethod: "wasm",
    logLevel: "info",
    inheritMain: false,
    cancelTimeout: 1,
  };
  const frames = [encodeFrame(FrameType.Spec, Flag.Json, 0, encodeSpecJson(spec))];
  for (const [at, name] of ["bare", "task", "context", "bare"].entries()) {
    const start = { endpoint: name, open: name === "context", args: [{ text: "x".repeat(64) }, [1, true, null]] };
    frames.push(encodeFrame(FrameType.Start, Flag.Json, at + 1, encodeStartJson(start)));
  }
  const guest = new Guest({ definition, ready: encodePlain(readyOf(definition), "Ready") });
  let sent = 0;
  await new Promise<void>((done) => {
    guest.listen(
      {
        async read() {
          const frame = frames.shift();
          return frame === undefined ? [] : [frame];
        },
        drop() {},
      },
      {
        async writeOne() {
          sent++;
          return 1;
        },
        drop: done,
      },
    );
  });
  if (sent < 4) throw new Error("the rehearsal failed");
}

// The last of this module: what is evaluated after it is the user's.
record();
