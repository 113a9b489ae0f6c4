// The way of a guest to the bodies of its actors, which its host makes and ends: orders and bytes go out, what comes of them comes in.
import { Unsupported } from "../errors/kinds.js";
import type { Order, Told } from "../protocol/orders.js";

/** One body, as what comes for it finds it. */
export interface Relayed {
  told(told: Told): void;
  received(bytes: Uint8Array): void;
}

/** The way out. */
export interface RelayWire {
  order(order: Order): void;
  bytes(body: number, bytes: Uint8Array): void;
  /** The spawn methods that were granted. */
  granted(): readonly string[];
  output(stream: "stdout" | "stderr", text: string): void;
}

let wire: RelayWire | undefined;
const bodies = new Map<number, Relayed>();
let newest = 0;

/** An instance begins. */
export function bindRelays(to: RelayWire): void {
  wire = to;
}

export function relays(): RelayWire {
  if (wire === undefined) throw new Unsupported("an actor's own actors", "while it is built it has none");
  return wire;
}

/** A number for a new body; bodies of guests are even. */
export function enlist(body: Relayed): number {
  newest += 2;
  bodies.set(newest, body);
  return newest;
}

export function discharge(body: number): void {
  bodies.delete(body);
}

export function told(what: Told): void {
  bodies.get(what.body)?.told(what);
}

export function receivedFor(body: number, bytes: Uint8Array): void {
  bodies.get(body)?.received(bytes);
}
