// What a program offers the actors that are forked of it, and what this process was offered when it was forked itself. Kept under a
// registered symbol on globalThis, because brood may exist twice in a process. Nothing is copied: a fork has the program's memory.

/** A value that is offered, in a box of its own: the same value may be offered twice. */
export interface Offered {
  readonly value: unknown;
}

interface Offers {
  /** By its key, what actors are offered that are forked from now on. */
  readonly offered: Map<string, Offered>;
  /** undefined: this process is no fork of a program. */
  inherited: ReadonlyMap<string, Offered> | undefined;
}

const KEY = Symbol.for("brood.offers/1");
type Holder = { [KEY]?: Offers };

function offers(): Offers {
  const holder = globalThis as Holder;
  if (holder[KEY] === undefined)
    Object.defineProperty(holder, KEY, { value: { offered: new Map(), inherited: undefined } satisfies Offers });
  return holder[KEY] as Offers;
}

/** What this program offers. */
export function offered(): Map<string, Offered> {
  return offers().offered;
}

/** What this process was offered; undefined where it is no fork of a program. */
export function inherited(): ReadonlyMap<string, Offered> | undefined {
  return offers().inherited;
}

/** In the child: what was offered is inherited. It is offered on to those that are forked of it. */
export function inherit(): void {
  const own = offers();
  own.inherited = new Map(own.offered);
}
