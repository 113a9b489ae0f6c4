// The asking side of a channel: the table of calls and contexts that wait for an answer. An entry is in the table from the
// moment its Start is sent until the peer has answered it, acknowledged its cancel, or is gone; nothing else removes it.
import {
  InvalidMessage,
  ProtocolError,
  UnknownEndpoint,
  type Cancelled,
  type CancelOrigin,
  type Whereabouts,
} from "../errors/kinds.js";
import type { ActorId } from "../errors/identity.js";
import type { Guest } from "../protocol/body.js";
import {
  decodeCancelAck,
  decodeCredit,
  decodeError,
  encodeCancel,
  encodeStart,
  encodeStartJson,
  type EndpointForm,
} from "../protocol/bodies.js";
import type { Channel } from "../protocol/channel.js";
import { rebuildError, rebuildInvalid } from "../protocol/error-data.js";
import { Flag, FrameType } from "../protocol/frame.js";
import { encodePacked, encodePlain } from "../protocol/payload.js";
import type { AskedDump } from "../protocol/tree.js";
import { linkOf, type StreamLink } from "../stream/link.js";
import { describeFirst, noSuchEndpoint, otherForm, type Asking, type Slot } from "./asking.js";
import type { Bounds } from "./bounded.js";
import { Call } from "./call.js";
import type { CallSite } from "./located.js";
import type { ObservedPromise } from "../errors/observed-promise.js";
import { OpenContext } from "./open-context.js";
import type { Pending } from "./pending.js";

/** What the opener must know and tell beyond its channel. */
export interface OpenerHost {
  /** The actor at the other end. */
  readonly where: Whereabouts;
  /** Who asks. */
  readonly self: ActorId;
  /** How long a cancel may stay unacknowledged now, in ms. */
  cancelTimeout(): number;
  /** The peer stayed silent past `cancelTimeout`. */
  deaf(): void;
  /** The cancel of the whole actor, where one was asked for. */
  cancelledByActor(): Cancelled | undefined;
  /** A real failure of a task whose caller had been interrupted already. */
  late(error: Error): void;
  /** A real failure of a task whose caller has another outcome already: nobody awaits it any more. */
  undelivered(error: Error): void;
  /** A real failure of a context that has started, which nobody has met yet. */
  unheard(context: object, error: Error): void;
}

export class Opener implements Asking {
  readonly #channel: Channel;
  readonly #host: OpenerHost;
  /** Set where the peer is a guest: it is written to in JSON. */
  readonly #guest: Guest | undefined;
  #endpoints: Readonly<Record<string, EndpointForm>> = {};
  readonly #table = new Map<number, Call | OpenContext>();
  /** Contexts opened by this side are odd: the other side's will be even. */
  #next = 1;
  #opened = 0;

  constructor(channel: Channel, host: OpenerHost, guest?: Guest) {
    this.#channel = channel;
    this.#host = host;
    this.#guest = guest;
  }

  /** The actor has said what it offers. */
  offer(endpoints: Readonly<Record<string, EndpointForm>>): void {
    this.#endpoints = endpoints;
  }

  get where(): Whereabouts {
    return this.#host.where;
  }
  get self(): ActorId {
    return this.#host.self;
  }
  get size(): number {
    return this.#table.size;
  }
  get total(): number {
    return this.#opened;
  }

  describe(): AskedDump[] {
    return describeFirst(this.#table.values());
  }

  check(endpoint: string, form: EndpointForm): void {
    const found = Object.hasOwn(this.#endpoints, endpoint) ? this.#endpoints[endpoint] : undefined;
    if (found === form || (found === "generator" && form === "context")) return;
    throw found === undefined
      ? noSuchEndpoint(this.where, endpoint, Object.keys(this.#endpoints))
      : otherForm(this.where, endpoint, found);
  }

  call(
    endpoint: string,
    args: readonly unknown[],
    bounds: Bounds | undefined,
    site: CallSite | undefined,
    slot?: Slot,
  ): ObservedPromise<unknown> {
    const begin = start(endpoint, false, args, bounds);
    const json = this.#guest === undefined ? undefined : encodeStartJson(begin);
    const payload = json ?? encodeStart(begin);
    const call = new Call(this, this.#claim(), endpoint, bounds, site, slot);
    this.#begin(call, payload, json === undefined ? 0 : Flag.Json);
    return call.promise;
  }

  open(
    endpoint: string,
    args: readonly unknown[],
    bounds: Bounds | undefined,
    site: CallSite | undefined,
  ): ObservedPromise<OpenContext> {
    const begin = start(endpoint, true, args, bounds);
    const json = this.#guest === undefined ? undefined : encodeStartJson(begin);
    const payload = json ?? encodeStart(begin);
    const context = new OpenContext(
      this,
      this.#claim(),
      endpoint,
      this.#endpoints[endpoint] === "generator",
      bounds,
      site,
    );
    this.#begin(context, payload, json === undefined ? 0 : Flag.Json);
    return context.opened;
  }

  /** A message of a context. Throws InvalidMessage where the peer breaks the rules. */
  message(type: FrameType, flags: number, context: number, payload: Uint8Array): void {
    const entry = this.#table.get(context);
    if (entry === undefined) {
      // What was cancelled and forgotten may still be answered; what never was may not.
      if (context % 2 === 0 || context >= this.#next) throw new InvalidMessage(`context ${context} was never opened`);
      return;
    }
    switch (type) {
      case FrameType.Return:
        return entry.onReturn(payload, flags);
      case FrameType.Yield:
        return entry.onYield(payload, flags);
      case FrameType.Credit: {
        const { messages, bytes } = decodeCredit(payload);
        return entry.onCredit(messages, bytes);
      }
      case FrameType.Stop:
        return entry.onStop();
      case FrameType.Reply:
        return entry.onRefused(rebuildInvalid(decodeError(payload, flags).error));
      case FrameType.Error: {
        const body = decodeError(payload, flags);
        return entry.onError(this.#rebuild(entry, body), body.kind);
      }
      case FrameType.Started:
        return entry.onStarted(payload, flags);
      case FrameType.CancelAck:
        decodeCancelAck(payload, flags);
        if (entry.asked === undefined)
          throw new InvalidMessage(`context ${context} acknowledges a cancel that nobody asked for`);
        return entry.acknowledge();
      case FrameType.StartAck:
        return;
      default:
        throw new InvalidMessage(`a frame of type ${type} does not belong in a context here`);
    }
  }

  interrupt(error: Error): void {
    for (const entry of this.#table.values()) entry.interrupt(error);
  }

  lost(error: Error): void {
    for (const entry of [...this.#table.values()]) entry.lost(error);
    this.#table.clear();
  }

  // What entries ask of their table.

  unheard(context: object, error: Error): void {
    this.#host.unheard(context, error);
  }

  forget(entry: Pending): void {
    if (this.#table.delete(entry.id)) entry.left();
  }
  withdraw(id: number): boolean {
    return this.#channel.withdraw(id);
  }
  cancelTimeout(): number {
    return this.#host.cancelTimeout();
  }
  sendCancel(id: number, origin: CancelOrigin, within: number): void {
    const { payload, flags } = encodeCancel({ origin, within }, this.#guest === undefined ? encodePacked : encodePlain);
    this.#channel.send(FrameType.Cancel, flags, id, payload);
  }
  /** What the stream of a context stands on. */
  linkOf(id: number): StreamLink {
    return linkOf(this.#channel, id, this.#guest === undefined ? encodePacked : encodePlain);
  }
  deaf(): void {
    this.#host.deaf();
  }
  cancelledByActor(): Cancelled | undefined {
    return this.#host.cancelledByActor();
  }
  late(error: Error): void {
    this.#host.late(error);
  }
  undelivered(error: Error): void {
    this.#host.undelivered(error);
  }
  breach(why: string): never {
    throw new InvalidMessage(why);
  }

  #claim(): number {
    const id = this.#next;
    this.#next += 2;
    return id;
  }

  #begin(entry: Call | OpenContext, payload: Uint8Array, flags: number): void {
    this.#opened++;
    this.#table.set(entry.id, entry);
    this.#channel.send(FrameType.Start, flags, entry.id, payload);
  }

  #rebuild(entry: Call | OpenContext, body: ReturnType<typeof decodeError>): Error {
    switch (body.kind) {
      case "unknown-endpoint":
        return new UnknownEndpoint(this.where, entry.endpoint, body.error.message);
      case "protocol":
        return new ProtocolError(entry.endpoint, body.error.message);
      case "invalid":
        return rebuildInvalid(body.error);
      default:
        return rebuildError(
          body.error,
          `${entry instanceof Call ? "call" : "context"} ${entry.endpoint}`,
          this.#guest?.mapStack,
        );
    }
  }
}

function start(
  endpoint: string,
  open: boolean,
  args: readonly unknown[],
  bounds: Bounds | undefined,
): Parameters<typeof encodeStart>[0] {
  return { endpoint, open, args, remaining: bounds?.deadline, caller: undefined, meta: undefined };
}
