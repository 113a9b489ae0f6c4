// The asking side of a component: the table of calls that wait for an answer. Values go to its exports as they are and come back
// so; there is no frame, no message and no promise between but the caller's own. A component has no contexts.
import { RemoteActorError } from "../errors/remote.js";
import { UnknownEndpoint, Unsupported, type Whereabouts } from "../errors/kinds.js";
import type { ActorId } from "../errors/identity.js";
import { listNames } from "../errors/near.js";
import type { EndpointForm } from "../protocol/bodies.js";
import type { Exports } from "../protocol/body.js";
import type { AskedDump } from "../protocol/tree.js";
import { describeFirst, noSuchEndpoint, otherForm, type Asking, type Slot } from "./asking.js";
import type { Bounds } from "./bounded.js";
import { ExportCall } from "./export-call.js";
import { resolveExport } from "./export-names.js";
import type { CallSite } from "./located.js";
import type { ObservedPromise } from "../errors/observed-promise.js";
import { showPayload } from "./show-payload.js";

/** What the caller must know and tell beyond the exports. */
export interface ExportCallerHost {
  /** The actor. */
  readonly where: Whereabouts;
  /** Who asks. */
  readonly self: ActorId;
  /** How long the end of a cancelled call may take now, in ms. */
  cancelTimeout(): number;
  /** A call that runs must end, and with it the instance. */
  end(): void;
  /** A failure of a call whose caller had been interrupted already. */
  late(error: Error): void;
}

/** Numbers of calls are unsigned integers of 32 bits to the engine, and used again after so many. */
const NUMBERS = 2 ** 32;

export class ExportCaller implements Asking {
  readonly #exports: Exports;
  readonly #host: ExportCallerHost;
  readonly #table = new Map<number, ExportCall>();
  #next = 0;
  #made = 0;

  constructor(exports: Exports, host: ExportCallerHost) {
    this.#exports = exports;
    this.#host = host;
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
    return this.#made;
  }

  describe(): AskedDump[] {
    return describeFirst(this.#table.values());
  }

  check(endpoint: string, form: EndpointForm): void {
    this.#nameOf(endpoint);
    if (form !== "call") throw otherForm(this.where, endpoint, "call");
  }

  call(
    endpoint: string,
    args: readonly unknown[],
    bounds: Bounds | undefined,
    site: CallSite | undefined,
    slot?: Slot,
  ): ObservedPromise<unknown> {
    const name = this.#nameOf(endpoint);
    const unsupported = this.#exports.table.get(name)?.unsupported;
    if (unsupported !== undefined)
      throw new Unsupported(`a call of ${name} of ${this.where.actor.name} (${this.where.path})`, unsupported);
    const id = this.#claim();
    this.#exports.call(id, name, args);
    const call = new ExportCall(this, id, endpoint, site, slot);
    this.#table.set(id, call);
    this.#made++;
    if (bounds !== undefined) call.within(bounds);
    return call.promise;
  }

  open(endpoint: string): never {
    throw otherForm(this.where, endpoint, "call");
  }

  // What the body tells.

  returned(id: number, value: unknown): void {
    const call = this.#take(id);
    if (call === undefined) return;
    call.returned(value);
    call.left();
  }

  /** The error of a `result`: the component's own, as data. */
  threw(id: number, payload: unknown): void {
    const call = this.#take(id);
    if (call === undefined) return;
    const { actor } = this.where;
    const remote = {
      name: "ComponentError",
      message: showPayload(payload),
      code: undefined,
      stack: "",
      fields: { payload },
    };
    call.failed(new RemoteActorError(`call ${call.endpoint}`, { remote, actor, path: [actor] }));
    call.left();
  }

  refused(id: number, error: Error): void {
    const call = this.#take(id);
    if (call === undefined) return;
    call.failed(error);
    call.left();
  }

  interrupt(error: Error): void {
    for (const call of this.#table.values()) call.interrupt(error);
  }

  lost(error: Error): void {
    const calls = [...this.#table.values()];
    this.#table.clear();
    for (const call of calls) {
      call.lost(error);
      call.left();
    }
  }

  // What calls ask of their table.

  withdraw(call: ExportCall): boolean {
    if (!this.#exports.withdraw(call.id)) return false;
    this.#table.delete(call.id);
    call.left();
    return true;
  }
  cancelTimeout(): number {
    return this.#host.cancelTimeout();
  }
  end(): void {
    this.#host.end();
  }
  late(error: Error): void {
    this.#host.late(error);
  }

  #take(id: number): ExportCall | undefined {
    const call = this.#table.get(id);
    this.#table.delete(id);
    return call;
  }

  #nameOf(endpoint: string): string {
    const { table } = this.#exports;
    if (table.has(endpoint)) return endpoint;
    const resolved = resolveExport(table, endpoint);
    switch (resolved.kind) {
      case "found":
        return resolved.name;
      case "ambiguous":
        throw new UnknownEndpoint(
          this.where,
          endpoint,
          `the component has it in several versions: ${listNames(resolved.names)}. Name the one you mean`,
        );
      case "none":
        throw noSuchEndpoint(this.where, endpoint, [...table.keys()]);
    }
  }

  #claim(): number {
    do this.#next = (this.#next + 1) % NUMBERS;
    while (this.#table.has(this.#next));
    return this.#next;
  }
}
