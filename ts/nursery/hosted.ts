// The bodies that a host makes and ends for a guest: actors of the guest's own. They are of the methods that were granted, may have no more
// memory than the guest itself, and are gone when the guest is. What a guest sends to one of them and that one does not take counts as
// the guest's memory.
import { channel } from "node:diagnostics_channel";
import type { ActorId } from "../errors/identity.js";
import { InvalidMessage } from "../errors/kinds.js";
import type { Body, BodyEnd, BodySink, Exports, Guest } from "../protocol/body.js";
import { describeError } from "../protocol/error-data.js";
import { decodeOrder, type Order, type SpawnOrder, type Told, type ToldEnd } from "../protocol/orders.js";
import { SCRIPT, TAG } from "../protocol/script-name.js";
import type { Transport } from "../protocol/transport.js";
import type { ActorLimits } from "../spawn/method.js";
import { methodNamed } from "./methods.js";
import { orderedSource } from "./source.js";

/** As `portal/control.ts` publishes it. */
const denials = channel("brood:denied");

/** How many one guest may have at a time: more than that is a fault, or an attack. */
const MOST_BODIES = 1_000;
/** How many it remembers how to read stacks of. */
const MOST_MAPS = 1_000;

/** What they stand on. */
export interface HostedSettings {
  /** The guest. */
  readonly id: ActorId;
  readonly path: string;
  readonly nursery: string;
  readonly limits: ActorLimits;
  /** The spawn methods that it was granted. */
  readonly granted: readonly string[];
  /** The directory of its artifact; undefined where it has none. */
  readonly beside: string | undefined;
}

/** The way back to the guest. */
export interface HostedLink {
  tell(told: Told): void;
  bytes(body: number, bytes: Uint8Array): void;
  /** Bytes for this body's owner that wait. */
  waiting(body: number): number;
}

export class HostedBodies {
  readonly #settings: HostedSettings;
  readonly #link: HostedLink;
  readonly #bodies = new Map<number, HostedBody>();
  /** How stacks of each are read, also of some that are gone: their errors may still be on their way. */
  readonly #maps = new Map<number, (stack: string) => string>();
  #newest = 0;
  #over = false;

  constructor(settings: HostedSettings, link: HostedLink) {
    this.#settings = settings;
    this.#link = link;
  }

  /** A Request of the guest's. @throws InvalidMessage */
  message(flags: number, context: number, payload: Uint8Array): void {
    if (context !== 0) return this.#known(context)?.write(payload);
    const order = decodeOrder(payload, flags);
    if (order.op !== "spawn") return this.#known(order.body)?.order(order);
    if (order.body <= this.#newest) throw new InvalidMessage(`body ${order.body} was ordered before`, "Request.body");
    this.#newest = order.body;
    this.#spawn(order);
  }

  mapStack(stack: string, own: (stack: string) => string): string {
    if (!stack.includes(TAG)) return own(stack);
    const lines = stack.split("\n").map((line) => {
      const tag = TAGGED.exec(line);
      if (tag === null) return own(line);
      const plain = line.replace(TAGGED, "$1:");
      return this.#maps.get(Number(tag[2]))?.(plain) ?? plain;
    });
    return lines.join("\n");
  }

  /** The guest is gone: so are they when this resolves. */
  async end(): Promise<void> {
    this.#over = true;
    const bodies = [...this.#bodies.values()];
    for (const body of bodies) body.kill();
    await Promise.all(bodies.map((body) => body.gone));
  }

  #refuse({ body }: SpawnOrder): void {
    const error = describeError(new Error(`it has ${MOST_BODIES} actors of its own already`), this.#settings.id);
    this.#link.tell({ on: "gone", body, end: { kind: "unborn", phase: "spawn", error, stderr: [] } });
  }

  #keepMap(body: number, mapStack: (stack: string) => string): void {
    this.#maps.set(body, mapStack);
    if (this.#maps.size <= MOST_MAPS) return;
    const [oldest] = this.#maps.keys();
    this.#maps.delete(oldest as number);
  }

  /** undefined: it is gone already, of which the guest may not have heard. */
  #known(body: number): HostedBody | undefined {
    if (body > this.#newest || body % 2 !== 0) throw new InvalidMessage(`body ${body} was never ordered`);
    return this.#bodies.get(body);
  }

  #spawn(order: SpawnOrder): void {
    if (this.#over) return;
    const { granted } = this.#settings;
    const missing = [order.method, ...order.actors].filter((method) => !granted.includes(method));
    if (missing.length > 0) {
      const { id: actor, path, nursery } = this.#settings;
      denials.publish({ actor, path, nursery, grants: missing.map((method) => `actors.${method}`) });
      throw new InvalidMessage(`it starts actors with ${order.method}, which it was not granted`);
    }
    if (this.#bodies.size >= MOST_BODIES) return this.#refuse(order);
    const body = new HostedBody(order, this.#settings, this.#link, (mapStack) => this.#keepMap(order.body, mapStack));
    this.#bodies.set(order.body, body);
    void body.gone.then(() => this.#bodies.delete(order.body));
    body.begin();
  }
}

const TAGGED = new RegExp(`(${SCRIPT.replaceAll(".", "\\.")})${TAG}(\\d+):`);

class HostedBody implements BodySink {
  readonly #order: SpawnOrder;
  readonly #settings: HostedSettings;
  readonly #link: HostedLink;
  readonly #keepMap: (mapStack: (stack: string) => string) => void;
  readonly gone: Promise<void>;
  #over!: () => void;
  #body: Body | undefined;
  /** Where it lies, of a body that loads it. */
  #module: string | undefined;
  #transport: Transport | undefined;
  #exports: Exports | undefined;

  constructor(
    order: SpawnOrder,
    settings: HostedSettings,
    link: HostedLink,
    keepMap: (mapStack: (stack: string) => string) => void,
  ) {
    this.#keepMap = keepMap;
    this.#order = order;
    this.#settings = settings;
    this.#link = link;
    this.gone = new Promise((resolve) => (this.#over = resolve));
  }

  begin(): void {
    const { method: name, id, path, token, startTimeout, env, cwd, execArgv, preload, explicit, limits } = this.#order;
    const options = { env, cwd, execArgv, preload };
    try {
      const method = methodNamed(name);
      if (method === undefined) throw new InvalidMessage(`there is no spawn method ${name}`);
      method.check("nursery.start", options);
      const source = orderedSource(this.#order.source, this.#settings.beside);
      if (source.kind === "actor" && name !== "wasm") this.#module = source.module.href;
      const own = { ...limits, memory: Math.min(limits.memory, this.#settings.limits.memory) };
      const output = (stream: "stdout" | "stderr", text: string): void => this.#tell({ on: "output", stream, text });
      const request = { id, path, token, startTimeout, source, options, explicit, limits: own, output, sink: this };
      this.#body = method.spawn(request);
    } catch (error) {
      return this.#ended({ status: { kind: "unborn", error: error as Error }, stderr: [] });
    }
    void this.#body.gone.then((end) => this.#ended(end));
    this.#body.begin();
  }

  order(order: Exclude<Order, SpawnOrder>): void {
    switch (order.op) {
      case "terminate":
        return this.#body?.terminate();
      case "kill":
        return this.kill();
      case "end":
        return this.#transport?.end();
      case "destroy":
        return this.#transport?.destroy();
      case "stop":
        return this.#exports?.stop();
      case "call":
        try {
          this.#exports?.call(order.call, order.name, order.args);
        } catch (error) {
          this.refused(order.call, error as Error);
        }
    }
  }

  kill(): void {
    this.#body?.kill();
  }

  /** @throws InvalidMessage more waits than the guest may have */
  write(bytes: Uint8Array): void {
    const transport = this.#transport;
    if (transport === undefined) return;
    if (transport.ahead + bytes.length > this.#settings.limits.memory)
      throw new InvalidMessage(`${transport.ahead} bytes wait for ${this.#order.path}, which does not take them`);
    transport.write(bytes.slice());
  }

  // What the body tells.

  speaks(transport: Transport, guest?: Guest): void {
    this.#transport = transport;
    if (guest !== undefined) this.#keepMap(guest.mapStack);
    const { pid, known = false, instead, module = this.#module } = this.#body ?? {};
    this.#tell({ on: "speaks", pid, known, reason: instead?.reason, module, memory: guest?.memory });
  }

  offers(exports: Exports): void {
    this.#exports = exports;
    this.#tell({ on: "offers", table: [...exports.table].map(([name, entry]) => [name, entry.unsupported ?? null]) });
  }

  received(bytes: Uint8Array): void {
    // One that floods its owner beyond all credit is ended.
    if (this.#link.waiting(this.#order.body) > this.#settings.limits.memory) return this.kill();
    this.#link.bytes(this.#order.body, bytes.slice());
  }

  drained(): void {}

  ended(): void {
    this.#tell({ on: "ended" });
  }

  returned(call: number, value: unknown): void {
    this.#tell({ on: "returned", call, value });
  }

  threw(call: number, value: unknown): void {
    this.#tell({ on: "threw", call, value });
  }

  refused(call: number, error: Error): void {
    this.#tell({ on: "refused", call, error: describeError(error, this.#settings.id) });
  }

  logged(level: number, text: string): void {
    this.#tell({ on: "logged", level, text });
  }

  #ended({ status, stderr, memory }: BodyEnd): void {
    const { kind } = status;
    const end: ToldEnd = {
      kind,
      stderr,
      memory,
      ...(kind === "exited" ? { code: status.code } : {}),
      ...(kind === "signalled" ? { signal: status.signal } : {}),
      ...(kind === "failed" || kind === "unborn" ? { error: describeError(status.error, this.#settings.id) } : {}),
      ...(kind === "unborn" ? { phase: status.phase } : {}),
    };
    this.#tell({ on: "gone", end });
    this.#over();
  }

  #tell(told: WithoutBody<Told>): void {
    this.#link.tell({ ...told, body: this.#order.body } as Told);
  }
}

type WithoutBody<T> = T extends unknown ? Omit<T, "body"> : never;
