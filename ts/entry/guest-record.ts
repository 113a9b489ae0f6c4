// What the top level of an actor's modules uses of time and randomness (crypto fails there by itself), noted while the actor is built: it runs there once, and
// every instance has its result. The notes stay in the memory of the guest, where the build reads them from the finished
// component, since a guest that is being built has no other way to say something.

/** The beginning of the notes in memory; behind it `"uses"` follows. Never written as one text in this file. */
const MARK = { "brood:build": 1 };

interface Use {
  /** As it is written in code: `Date.now()`. */
  readonly what: string;
  readonly stack: string;
}

/** More are not worth reading. */
const MOST = 100;

const uses: Use[] = [];
const restore: (() => void)[] = [];
let noted = "";

type Callable = (...args: unknown[]) => unknown;

function note(what: string): void {
  if (uses.length < MOST) uses.push({ what, stack: new Error("").stack ?? "" });
}

function define(holder: object, key: string, value: unknown): void {
  Object.defineProperty(holder, key, { value, writable: true, configurable: true, enumerable: false });
}

/** Replaces a function of a global object by one that takes a note. */
function watch(name: string, key: string): void {
  const holder = (globalThis as Record<string, unknown>)[name] as Record<string, Callable> | undefined;
  const original = holder?.[key];
  if (holder === undefined || original === undefined) return;
  const watched = (...args: unknown[]): unknown => {
    if (noted === "") note(`${name}.${key}()`);
    return original.apply(holder, args);
  };
  const property = Object.getOwnPropertyDescriptor(holder, key);
  if (property?.configurable === false) {
    // The global itself gives way.
    const before = Object.getOwnPropertyDescriptor(globalThis, name) as PropertyDescriptor;
    const instead = Object.create(holder) as object;
    define(instead, key, watched);
    define(globalThis, name, instead);
    restore.push(() => Object.defineProperty(globalThis, name, before));
  } else {
    define(holder, key, watched);
    restore.push(() => {
      if (property === undefined) delete holder[key];
      else Object.defineProperty(holder, key, property);
    });
  }
}

/** From here on the user's modules are evaluated. */
export function record(): void {
  watch("Date", "now");
  watch("Math", "random");
  watch("performance", "now");
  const Original = Date;
  // A proxy: what the user's modules keep of it is still the Date of everybody else.
  const Watched: DateConstructor = new Proxy(Original, {
    construct(target, args, newTarget): Date {
      if (args.length === 0 && noted === "") note("new Date()");
      return Reflect.construct(target, args, newTarget === Watched ? target : newTarget) as Date;
    },
    apply(target) {
      if (noted === "") note("Date()");
      return target();
    },
  });
  define(globalThis, "Date", Watched);
  restore.push(() => define(globalThis, "Date", Original));
}

/** The user's modules are evaluated. */
export function keepRecord(endpoints: Readonly<Record<string, string>>): void {
  while (restore.length > 0) restore.pop()?.();
  // ASCII only: one byte a character in memory, and in one piece.
  noted = JSON.stringify({ ...MARK, uses, endpoints }).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  uses.length = 0;
}
