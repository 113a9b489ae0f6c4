// The strict walk of a value before it is packed. What passes can be packed and means the same on the other side; what does
// not is refused with the place in the value where the fault is. The walk runs no getter, and answers a proxy that throws
// with a refusal. A value that needs no extension passes as it is, without a copy; otherwise the part above it is copied.
import { InvalidMessage } from "../errors/kinds.js";
import { className, errorParts, isErrorLike, type ErrorParts } from "./error-value.js";
import {
  dateOf,
  Extension,
  ExtensionType,
  fits64,
  largeBigInt,
  needsList,
  needsUtf16,
  NEGATIVE_ZERO,
  typedArrayType,
  utf16,
} from "./extensions.js";
import { MAX_MESSAGE } from "./frame.js";

/** Deepest nesting of a value: far beyond any data, and shallow enough for the stack of every engine it crosses. */
export const MAX_DEPTH = 1000;

/** A Map, a Set or an error counts as so many levels: an engine takes several times the stack for one. In a guest 300 of them inside
 *  each other go well and 400 do not, and the packer of a process takes 600; 1,000 lists go well in both. */
const TAGGED_LEVELS = 10;

/** Most nodes of a value, a shared object counted each time it is met: about a second of an event loop. */
export const MAX_NODES = 1_000_000;

/** Most causes below each other in an error; further ones are left out. */
export const MAX_CAUSES = 16;

// How the children of a container are named in a path.
const LIST = 0;
const OBJECT = 1;
const MAP = 2;
const SET = 3;
const ERROR = 4;

const getPrototypeOf = Object.getPrototypeOf;
const getOwnPropertyDescriptor = Object.getOwnPropertyDescriptor;
const getOwnPropertySymbols = Object.getOwnPropertySymbols;
const objectPrototype = Object.prototype;
const arrayPrototype = Array.prototype;
const bytesPrototype = Uint8Array.prototype;
// A Buffer crosses as the Uint8Array that it is; there is none in a guest.
const bufferPrototype: object | undefined = (globalThis as { Buffer?: { prototype: object } }).Buffer?.prototype;
const sharedPrototype: object | undefined = (globalThis as { SharedArrayBuffer?: { prototype: object } })
  .SharedArrayBuffer?.prototype;

// Methods of the built-ins, taken once: a value's own property of that name is not asked.
const getter = (prototype: object, key: PropertyKey): ((this: unknown) => unknown) =>
  (getOwnPropertyDescriptor(prototype, key) as { get(this: unknown): unknown }).get;
const typedArrayPrototype = getPrototypeOf(bytesPrototype) as object;
const typedName = getter(typedArrayPrototype, Symbol.toStringTag);
const mapSize = getter(Map.prototype, "size");
const mapForEach = Map.prototype.forEach;
const setSize = getter(Set.prototype, "size");
const setForEach = Set.prototype.forEach;
const dateTime = Date.prototype.getTime;
const bufferLength = getter(ArrayBuffer.prototype, "byteLength");
const tagOf = Object.prototype.toString;

type Key = string | number;

/** One walk, or several that share a budget. */
export class Walker {
  readonly #maxNodes: number;
  readonly #maxBytes: number;
  #nodes = 0;
  #bytes = 0;
  #root = "";
  /** The containers around the value at hand, outermost first, with the key of each in the one before it. */
  readonly #around: unknown[] = [];
  readonly #keys: Key[] = [];
  readonly #kinds: number[] = [];
  #depth = 0;
  /** How deep that is, in levels. */
  #levels = 0;
  #causes = 0;
  #plainJson = true;
  #maxDepth = MAX_DEPTH;

  constructor(maxNodes: number = MAX_NODES, maxBytes: number = MAX_MESSAGE) {
    this.#maxNodes = maxNodes;
    this.#maxBytes = maxBytes;
  }

  /**
   * Walks a value.
   * @param root how the value is called in a refusal, as "args"
   * @param isArgs true: the value is the list of arguments, which itself counts neither as a level nor as a value, so that
   *   an argument may be whatever a result may be
   * @returns what to give to the packer: `value` itself, or a copy with extensions in it
   * @throws InvalidMessage for a value that cannot be sent, and nothing else
   */
  walk(value: unknown, root: string, isArgs = false): unknown {
    this.#maxDepth = isArgs ? MAX_DEPTH + 1 : MAX_DEPTH;
    if (isArgs) this.#nodes--;
    this.#root = root;
    this.#plainJson = true;
    const bytes = this.#bytes;
    try {
      return this.#visit(value, "");
    } catch (error) {
      // What is refused is not sent, and leaves its bytes to what comes next. Not its values: they took their time.
      this.#bytes = bytes;
      const refusal = error instanceof InvalidMessage ? error : this.#refusal(describeFailure(error), undefined);
      this.#clear();
      throw refusal;
    }
  }

  /** Starts afresh, with the whole budget. */
  reset(): this {
    this.#nodes = 0;
    this.#bytes = 0;
    return this;
  }

  /** Whether the last walk met only what JSON carries without a loss. */
  get plainJson(): boolean {
    return this.#plainJson;
  }

  #clear(): void {
    this.#around.length = 0;
    this.#keys.length = 0;
    this.#depth = 0;
    this.#levels = 0;
    this.#causes = 0;
  }

  #visit(value: unknown, key: Key): unknown {
    if (++this.#nodes > this.#maxNodes)
      throw this.#overflow(`more than ${this.#maxNodes} values cannot be sent at once`, key);
    switch (typeof value) {
      case "string":
        return this.#text(value, key);
      case "number":
        // -0 is the only zero whose reciprocal is negative; NaN and the infinities are the only numbers n with n - n !== 0.
        if (value === 0 ? 1 / value < 0 : value - value !== 0) {
          this.#plainJson = false;
          return value === 0 ? NEGATIVE_ZERO : value;
        }
        return value;
      case "boolean":
        return value;
      case "object": {
        // Here and not in a function of its own: a guest has stack for two calls a level, and not for three.
        if (value === null) return null;
        const prototype = getPrototypeOf(value) as object | null;
        if (prototype === arrayPrototype) {
          if (Array.isArray(value)) return this.#list(value, key);
        } else if (prototype === objectPrototype || prototype === null) {
          return this.#plain(value, key);
        } else if ((prototype === bytesPrototype || prototype === bufferPrototype) && ArrayBuffer.isView(value)) {
          return this.#octets(value as Uint8Array, key);
        }
        return this.#other(value, prototype as object, key);
      }
      case "undefined":
        this.#plainJson = false;
        return value;
      case "bigint": {
        this.#plainJson = false;
        if (fits64(value)) return value;
        const extension = largeBigInt(value);
        this.#count((extension.bytes as Uint8Array).length, key);
        return extension;
      }
      case "function":
        throw this.#refusal("a function cannot be sent", key);
      default:
        throw this.#refusal("a symbol cannot be sent", key);
    }
  }

  #text(value: string, key: Key): unknown {
    this.#count(value.length, key);
    return needsUtf16(value) ? utf16(value) : value;
  }

  /** Counts bytes that the message will have at least; the exact check comes after packing. */
  #count(bytes: number, key: Key): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes)
      throw this.#refusal(`a message of more than ${this.#maxBytes} bytes cannot be sent`, key);
  }

  #enter(value: object, key: Key, kind: number): void {
    const levels = this.#levels + (kind >= MAP ? TAGGED_LEVELS : 1);
    if (levels > this.#maxDepth) {
      const why =
        kind >= MAP || levels > this.#depth + 1
          ? `a value nested more than ${MAX_DEPTH} levels deep cannot be sent, where a Map, a Set or an error counts as ${TAGGED_LEVELS}`
          : `a value nested more than ${MAX_DEPTH} levels deep cannot be sent`;
      throw this.#overflow(why, key, value);
    }
    this.#levels = levels;
    this.#around[this.#depth] = value;
    this.#keys[this.#depth] = key;
    this.#kinds[this.#depth++] = kind;
  }

  #leave(): void {
    this.#around[--this.#depth] = undefined; // or the walker would keep the user's objects alive
    this.#levels -= (this.#kinds[this.#depth] as number) >= MAP ? TAGGED_LEVELS : 1;
  }

  #list(value: readonly unknown[], key: Key): unknown {
    this.#enter(value, key, LIST);
    if ("toJSON" in value) this.#plainJson = false; // JSON.stringify might call it
    const { length } = value;
    let copy: unknown[] | undefined;
    for (let i = 0; i < length; i++) {
      const item = value[i];
      const walked = this.#visit(item, i);
      if (copy !== undefined) copy.push(walked);
      else if (!Object.is(walked, item)) {
        copy = [];
        for (let j = 0; j < i; j++) copy.push(value[j]);
        copy.push(walked);
      }
    }
    this.#leave();
    return copy ?? value;
  }

  #plain(value: object, key: Key): unknown {
    this.#enter(value, key, OBJECT);
    const symbols = getOwnPropertySymbols(value);
    if (symbols.length > 0)
      throw this.#refusal(`an object with a symbol for a key cannot be sent: ${String(symbols[0])}`, undefined);
    if ("toJSON" in value) this.#plainJson = false;
    const keys = Object.keys(value);
    const count = keys.length;
    let copy: unknown[] | undefined; // the walked values, once one of them differs
    let asList = false;
    for (let i = 0; i < count; i++) {
      const name = keys[i] as string;
      const property = getOwnPropertyDescriptor(value, name);
      if (property === undefined || property.get !== undefined || property.set !== undefined) {
        throw this.#refusal("an accessor cannot be sent", name);
      }
      this.#count(name.length, name);
      if (needsList(name)) asList = true;
      const item = property.value as unknown;
      const walked = this.#visit(item, name);
      if (copy !== undefined) copy.push(walked);
      else if (!Object.is(walked, item)) {
        copy = [];
        for (let j = 0; j < i; j++) copy.push((value as Record<string, unknown>)[keys[j] as string]);
        copy.push(walked);
      }
    }
    this.#leave();
    if (asList) return pairs(keys, copy ?? keys.map((name) => (value as Record<string, unknown>)[name]));
    return copy === undefined ? value : zip(keys, copy);
  }

  #octets(value: Uint8Array, key: Key): unknown {
    this.#plainJson = false;
    const buffer = value.buffer as object;
    if (sharedPrototype !== undefined && getPrototypeOf(buffer) === sharedPrototype)
      throw this.#refusal("a view on a SharedArrayBuffer cannot be sent", key);
    this.#count(value.byteLength, key);
    if (value.byteLength === 0) this.#attached(value.buffer, key);
    return value;
  }

  /** The bytes of a buffer; memory that was transferred elsewhere is refused, or it would arrive empty. */
  #attached(buffer: ArrayBufferLike, key: Key): Uint8Array {
    try {
      return new Uint8Array(buffer);
    } catch {
      throw this.#refusal("a detached ArrayBuffer cannot be sent", key);
    }
  }

  /** Everything that is no plain object, array or Uint8Array of this realm. */
  #other(value: object, prototype: object, key: Key): unknown {
    this.#plainJson = false;
    if (ArrayBuffer.isView(value)) return this.#view(value, prototype, key);
    if (Array.isArray(value)) {
      // The prototype of arrays is an array itself, and in another realm another one.
      if (!Array.isArray(prototype) || !isTop(getPrototypeOf(prototype) as object | null))
        throw this.#instance(value, key);
      return this.#list(value, key);
    }
    if (isErrorLike(value)) return this.#error(value, key);
    if (isTop(prototype) && Object.hasOwn(prototype, "isPrototypeOf")) return this.#plain(value, key);
    switch (brandOf(value)) {
      case "Map":
        this.#direct(value, prototype, key);
        return this.#map(value as Map<unknown, unknown>, key);
      case "Set":
        this.#direct(value, prototype, key);
        return this.#set(value as Set<unknown>, key);
      case "Date":
        this.#direct(value, prototype, key);
        return dateOf(dateTime.call(value as Date));
      case "ArrayBuffer":
        this.#direct(value, prototype, key);
        this.#count((value as ArrayBuffer).byteLength, key);
        return new Extension(ExtensionType.ArrayBuffer, this.#attached(value as ArrayBuffer, key));
      case "SharedArrayBuffer":
        throw this.#refusal("a SharedArrayBuffer cannot be sent", key);
      case "Promise":
        throw this.#refusal("a promise cannot be sent; await it first", key);
      default:
        throw this.#instance(value, key);
    }
  }

  #view(value: ArrayBufferView, prototype: object, key: Key): unknown {
    const { buffer } = value;
    if (brandOf(buffer) === "SharedArrayBuffer")
      throw this.#refusal("a view on a SharedArrayBuffer cannot be sent", key);
    const name = typedName.call(value) as string | undefined;
    const above = getPrototypeOf(prototype) as object | null;
    // The prototype of a typed array is two below that of all objects, the one of a DataView is one below it.
    const direct = name === undefined ? isTop(above) : above !== null && isTop(getPrototypeOf(above) as object | null);
    if (!direct && prototype !== bufferPrototype) throw this.#instance(value, key);
    this.#attached(buffer, key);
    this.#count(value.byteLength, key);
    const bytes = new Uint8Array(buffer as ArrayBuffer, value.byteOffset, value.byteLength);
    if (name === undefined) return new Extension(ExtensionType.DataView, bytes);
    if (name === "Uint8Array") return bytes;
    const type = typedArrayType(name);
    if (type === undefined) throw this.#refusal(`a ${name} cannot be sent`, key);
    return new Extension(type, bytes);
  }

  #map(value: Map<unknown, unknown>, key: Key): unknown {
    this.#enter(value, key, MAP);
    const list: unknown[] = [];
    mapForEach.call(value, (item: unknown, name: unknown) => {
      list.push(this.#visit(name, list.length));
      list.push(this.#visit(item, list.length));
    });
    this.#leave();
    return new Extension(ExtensionType.Map, undefined, list);
  }

  #set(value: Set<unknown>, key: Key): unknown {
    this.#enter(value, key, SET);
    const list: unknown[] = [];
    setForEach.call(value, (item: unknown) => list.push(this.#visit(item, list.length)));
    this.#leave();
    return new Extension(ExtensionType.Set, undefined, list);
  }

  /**
   * An error crosses with everything of it that can be sent; a field that cannot is left out, since an error is not worth
   * another error. A cycle is therefore looked for at once: through a field it would be cut only at the greatest depth.
   */
  #error(value: Error, key: Key): unknown {
    for (let i = 0; i < this.#depth; i++)
      if (this.#around[i] === value) throw this.#refusal("a cycle cannot be sent", key);
    const parts = errorParts(value);
    this.#enter(value, key, ERROR);
    this.#nodes += 8; // what an error has beside its fields, cause and members, as the receiver counts it
    const data: Record<string, unknown> = {
      name: this.#text(parts.name, key),
      message: this.#text(parts.message, key),
      stack: this.#text(parts.stack, key),
    };
    if (parts.code !== undefined) data["code"] = this.#visit(parts.code, "code");
    this.#fieldsOf(parts, data);
    if (parts.hasCause && this.#causes < MAX_CAUSES) {
      this.#causes++;
      this.#attempt(parts.cause, "cause", (walked) => (data["cause"] = walked));
      this.#causes--;
    }
    if (parts.errors !== undefined) {
      const list: unknown[] = [];
      data["errors"] = list;
      this.#enter(parts.errors, "errors", LIST);
      parts.errors.forEach((member, i) => {
        if (!this.#attempt(member, i, (walked) => list.push(walked))) list.push("(an error that cannot be sent)");
      });
      this.#leave();
    }
    this.#leave();
    return new Extension(ExtensionType.Error, undefined, data);
  }

  #fieldsOf(parts: ErrorParts, data: Record<string, unknown>): void {
    if (parts.fields.length === 0) return;
    const keys: string[] = [];
    const values: unknown[] = [];
    this.#enter(parts.fields, "fields", OBJECT);
    for (const [name, field] of parts.fields) {
      this.#count(name.length, name);
      this.#attempt(field, name, (walked) => {
        keys.push(name);
        values.push(walked);
      });
    }
    this.#leave();
    data["fields"] = keys.some(needsList) ? pairs(keys, values) : zip(keys, values);
  }

  /** Walks what may be left out. False when it cannot be sent; what exhausts the budget is a refusal all the same. */
  #attempt(value: unknown, key: Key, take: (walked: unknown) => void): boolean {
    const depth = this.#depth;
    const causes = this.#causes;
    try {
      take(this.#visit(value, key));
      return true;
    } catch (error) {
      if (this.#nodes > this.#maxNodes || this.#bytes > this.#maxBytes) throw error;
      while (this.#depth > depth) this.#leave();
      this.#causes = causes;
      return false;
    }
  }

  /** Refuses an instance of a subclass of a built-in: it would arrive without its class. */
  #direct(value: object, prototype: object, key: Key): void {
    if (!isTop(getPrototypeOf(prototype) as object | null)) throw this.#instance(value, key);
  }

  #instance(value: object, key: Key): InvalidMessage {
    const name = className(value);
    const why =
      name === undefined || name === "Object"
        ? "an object with a prototype of its own cannot be sent"
        : `an instance of class ${name} cannot be sent`;
    return this.#refusal(why, key);
  }

  /** A limit was passed; where the reason is that an object contains itself, that is what is told. */
  #overflow(why: string, key: Key, value?: object): InvalidMessage {
    const seen = new Set<unknown>();
    for (let i = 0; i < this.#depth; i++) {
      if (seen.has(this.#around[i])) return new InvalidMessage("a cycle cannot be sent", this.#path(i, this.#keys[i]));
      seen.add(this.#around[i]);
    }
    if (value !== undefined && seen.has(value)) return this.#refusal("a cycle cannot be sent", key);
    return this.#refusal(why, key);
  }

  /** @param key of the value at fault in the container at hand; undefined: the container itself is at fault */
  #refusal(why: string, key: Key | undefined): InvalidMessage {
    return new InvalidMessage(
      why,
      key === undefined ? this.#path(this.#depth - 1, this.#keys[this.#depth - 1]) : this.#path(this.#depth, key),
    );
  }

  /** The path to `key` of the container at `depth - 1`. */
  #path(depth: number, key: Key | undefined): string {
    let path = this.#root;
    for (let i = 1; i <= depth; i++) path += this.#step(i - 1, i === depth ? (key as Key) : (this.#keys[i] as Key));
    // The path of the deepest value may be as long as the value is deep; its ends tell the most.
    return path.length <= MAX_PATH ? path : `${path.slice(0, MAX_PATH / 2)}...${path.slice(-MAX_PATH / 2)}`;
  }

  #step(container: number, key: Key): string {
    switch (this.#kinds[container]) {
      case OBJECT:
      case ERROR:
        return IDENTIFIER.test(key as string) ? `.${key}` : `[${JSON.stringify(key)}]`;
      case MAP:
        return stepOfMap(this.#around[container], key as number);
      case SET:
        return `.values[${key}]`;
      default:
        return `[${key}]`;
    }
  }
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

// Long enough for any path that a person follows.
const MAX_PATH = 400;

/** An entry of a Map by its place: even numbers are keys, odd ones values. A value is named by its key where that is short. */
function stepOfMap(map: unknown, place: number): string {
  const entry = place >> 1;
  if ((place & 1) === 0) return `.entries[${entry}].key`;
  let name: unknown;
  let at = 0;
  mapForEach.call(map as Map<unknown, unknown>, (_item: unknown, key: unknown) => {
    if (at++ === entry) name = key;
  });
  if (typeof name === "string" && name.length <= 80) return `.get(${JSON.stringify(name)})`;
  if (typeof name === "number") return `.get(${name})`;
  return `.entries[${entry}].value`;
}

/** Whether an object is the prototype of all objects of some realm, or one that was made to have none above it. */
function isTop(prototype: object | null): boolean {
  return prototype === objectPrototype || (prototype !== null && getPrototypeOf(prototype) === null);
}

/** The built-in that a value really is, whatever it says about itself; undefined for all others. */
function brandOf(value: object): string | undefined {
  const tag = tagOf.call(value).slice(8, -1);
  try {
    switch (tag) {
      case "Map":
        mapSize.call(value);
        return tag;
      case "Set":
        setSize.call(value);
        return tag;
      case "Date":
        dateTime.call(value as Date);
        return tag;
      case "ArrayBuffer":
        bufferLength.call(value);
        return tag;
      case "SharedArrayBuffer":
      case "Promise":
        return tag; // refused either way
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}

function describeFailure(error: unknown): string {
  if (error instanceof RangeError) return "a value nested too deep for this engine cannot be sent";
  return `a value whose inspection fails cannot be sent: ${errorParts(error).message}`;
}

/** An object that a map of msgpack cannot hold, as a list of keys and values. */
function pairs(keys: readonly string[], values: readonly unknown[]): Extension {
  const list: unknown[] = [];
  keys.forEach((key, i) => list.push(needsUtf16(key) ? utf16(key) : key, values[i]));
  return new Extension(ExtensionType.Object, undefined, list);
}

function zip(keys: readonly string[], values: readonly unknown[]): object {
  const object: Record<string, unknown> = {};
  for (let i = 0; i < keys.length; i++) object[keys[i] as string] = values[i];
  return object;
}

// One walker serves all walks but those that a proxy starts while another walk is under way.
const shared = new Walker();
let busy = false;

/**
 * Walks a value that is to be sent.
 * @param root how the value is called in a refusal, as "args", "result" or "started"
 * @param goesOn true: the value goes into one message with the one that was walked before, and shares its budget
 * @returns what to give to the packer
 * @throws InvalidMessage naming the place, as `args[0].items[3]: a function cannot be sent`; nothing else
 */
export function walk(value: unknown, root: string, goesOn = false): unknown {
  if (busy) return new Walker().walk(value, root);
  busy = true;
  try {
    return (goesOn ? shared : shared.reset()).walk(value, root);
  } finally {
    busy = false;
  }
}

/** As {@link walk}, for a list of arguments, whose refusals begin with `args`. The list itself is not counted. */
export function walkArgs(args: readonly unknown[]): unknown {
  if (busy) return new Walker().walk(args, "args", true);
  busy = true;
  try {
    return shared.reset().walk(args, "args", true);
  } finally {
    busy = false;
  }
}

/**
 * Whether JSON carries the value without a loss.
 * @throws InvalidMessage when it cannot be sent at all
 */
export function isPlainJson(value: unknown, root: string, isArgs = false): boolean {
  const walker = busy ? new Walker() : shared.reset();
  const wasBusy = busy;
  busy = true;
  try {
    walker.walk(value, root, isArgs);
    return walker.plainJson;
  } finally {
    busy = wasBusy;
  }
}
