// structuredClone, as HTML defines it for what a guest has: cycles and shared objects stay what they are, and what has no copy is a
// DataCloneError. It keeps a list of what is to be filled instead of calling itself: deep values must not exhaust the stack, which in
// a guest is the end of the instance.

const ERRORS = ["Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"] as const;

/** What has no copy, whatever its prototype says later. */
const UNCLONABLE = [Promise, WeakMap, WeakSet, WeakRef, FinalizationRegistry, SharedArrayBuffer];

export function structuredClone<T>(value: T, options?: { transfer?: Iterable<unknown> }): T {
  if (arguments.length === 0) throw new TypeError("structuredClone: it needs a value");
  const moved = new Set<unknown>();
  for (const one of options?.transfer ?? []) {
    if (!(one instanceof ArrayBuffer)) throw refusal("Value in the transfer list could not be transferred");
    if (moved.has(one)) throw refusal("An ArrayBuffer is in the transfer list twice");
    moved.add(one);
  }
  const copy = new Copy().of(value);
  for (const one of moved) (one as { transfer?(): unknown }).transfer?.();
  return copy as T;
}

class Copy {
  readonly #known = new Map<object, unknown>();
  /** What remains to be done, in the order in which it was met. */
  readonly #tasks: (() => void)[] = [];

  of(value: unknown): unknown {
    const copy = this.#one(value);
    // Grows while it is gone through.
    for (const task of this.#tasks) task();
    return copy;
  }

  #one(value: unknown): unknown {
    if (typeof value === "symbol" || typeof value === "function")
      throw refusal(`${String(value)} could not be cloned.`);
    if (typeof value !== "object" || value === null) return value;
    if (this.#known.has(value)) return this.#known.get(value);
    const copy = this.#shell(value);
    this.#known.set(value, copy);
    return copy;
  }

  /** The copy of an object, to be filled later. */
  #shell(value: object): object {
    if (Array.isArray(value)) return this.#fill(value, new Array(value.length));
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype === Object.prototype || prototype === null) return this.#fill(value, {});
    for (const kind of UNCLONABLE)
      if (value instanceof kind) throw refusal(`${Object.prototype.toString.call(value)} could not be cloned.`);
    if (value instanceof Map) return this.#map(value);
    if (value instanceof Set) return this.#set(value);
    if (value instanceof Date) return new Date(value.getTime());
    if (value instanceof RegExp) return new RegExp(value.source, value.flags);
    if (value instanceof ArrayBuffer) return this.#buffer(value);
    if (ArrayBuffer.isView(value)) return this.#view(value);
    if (value instanceof Error) return this.#error(value);
    for (const boxed of [Number, String, Boolean, BigInt])
      if (value instanceof boxed) return Object(value.valueOf()) as object;
    // oxlint-disable-next-line unicorn/no-instanceof-builtins -- a boxed symbol is what is looked for
    if (value instanceof Symbol) throw refusal("Object(Symbol) could not be cloned.");
    return this.#fill(value, {});
  }

  #fill(from: object, to: object): object {
    this.#tasks.push(() => {
      for (const key of Object.keys(from)) {
        const copy = this.#one((from as Record<string, unknown>)[key]);
        // Defined, not set: `__proto__` is a key like others.
        if (key === "__proto__")
          Object.defineProperty(to, key, { value: copy, writable: true, enumerable: true, configurable: true });
        else (to as Record<string, unknown>)[key] = copy;
      }
    });
    return to;
  }

  #map(from: Map<unknown, unknown>): object {
    const to = new Map<unknown, unknown>();
    const pairs = [...Map.prototype.entries.call(from)];
    this.#tasks.push(() => {
      for (const [key, value] of pairs) to.set(this.#one(key), this.#one(value));
    });
    return to;
  }

  #set(from: Set<unknown>): object {
    const to = new Set<unknown>();
    const members = [...Set.prototype.values.call(from)];
    this.#tasks.push(() => {
      for (const member of members) to.add(this.#one(member));
    });
    return to;
  }

  #buffer(from: ArrayBuffer): ArrayBuffer {
    if ((from as { detached?: boolean }).detached) throw refusal("An ArrayBuffer is detached and could not be cloned.");
    // What is moved is copied as well, and the original is emptied at the end: nothing is lost if the clone fails.
    return from.slice(0);
  }

  #view(from: ArrayBufferView): object {
    const to = this.#one(from.buffer) as ArrayBuffer;
    const kind = from instanceof DataView ? "DataView" : (Reflect.get(TYPED, Symbol.toStringTag, from) as "Uint8Array");
    const made = globalThis[kind] as new (buffer: ArrayBuffer, offset: number, length: number) => object;
    return new made(to, from.byteOffset, from instanceof DataView ? from.byteLength : (from as Uint8Array).length);
  }

  #error(from: Error): object {
    if (from instanceof DOMException) return new DOMException(from.message, from.name);
    const name = ERRORS.find((one) => one === from.name) ?? "Error";
    const made = new globalThis[name]();
    this.#tasks.push(() => {
      const hidden = (key: string, value: unknown): void =>
        void Object.defineProperty(made, key, { value, writable: true, configurable: true });
      const message = Object.getOwnPropertyDescriptor(from, "message");
      if (message !== undefined && "value" in message) hidden("message", String(message.value));
      if (typeof from.stack === "string") hidden("stack", from.stack);
      if (Object.hasOwn(from, "cause")) hidden("cause", this.#one(from.cause));
    });
    return made;
  }
}

const TYPED = Object.getPrototypeOf(Uint8Array.prototype) as object;

function refusal(words: string): DOMException {
  return new DOMException(words, "DataCloneError");
}
