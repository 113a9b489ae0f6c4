// Every source of randomness that a fork would copy. What Node and V8 keep ready for the next draw is the same in all children of a
// template; so these sources are wrapped before anything else is loaded, and start anew in each child.
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import vm from "node:vm";

/** Node keeps 128 UUIDs ready, and 1,024 numbers of 48 bits: drawn and thrown away, they are nobody's. */
const UUIDS = 128;
const INTEGERS = 1024;

export interface Randomness {
  /** In the child: nothing that was there at the fork is drawn from now on. @param seed 32 bytes that nobody else has */
  renew(seed: Uint8Array): void;
}

/** Takes over all sources of this process. Once, before any code of the user's. */
export function takeOverRandomness(): Randomness {
  const numbers = new Numbers();
  numbers.seed(crypto.randomBytes(32));
  const drop = wrapBuffered();
  const random = methodOf({ random: () => numbers.next() }, "random");
  define(Math, "random", random);
  wrapContexts(random);
  syncBuiltinESMExports();
  return {
    renew(seed) {
      numbers.seed(seed);
      drop();
    },
  };
}

/** The generator behind Math.random: xoshiro128++, by David Blackman and Sebastiano Vigna (public domain). */
class Numbers {
  #a = 1;
  #b = 0;
  #c = 0;
  #d = 0;

  seed(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#a = view.getUint32(0) ^ view.getUint32(16);
    this.#b = view.getUint32(4) ^ view.getUint32(20);
    this.#c = view.getUint32(8) ^ view.getUint32(24);
    // All four may not be 0.
    this.#d = (view.getUint32(12) ^ view.getUint32(28)) | 1;
  }

  /** From 0 up to 1, 53 bits. */
  next(): number {
    return ((this.#word() >>> 5) * 0x4000000 + (this.#word() >>> 6)) / 2 ** 53;
  }

  #word(): number {
    const sum = (this.#a + this.#d) | 0;
    const result = (((sum << 7) | (sum >>> 25)) + this.#a) | 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result >>> 0;
  }
}

type Method = (...args: any[]) => any;

/** What draws from a buffer of Node's. @returns what has the buffers emptied before the next draw */
function wrapBuffered(): () => void {
  let staleUuids = false;
  let staleIntegers = false;
  const { randomUUID, randomInt } = crypto;
  // An anchor of ours: whatever draws must not come upon the wrappers.
  const freshUuids = (): void => {
    staleUuids = false;
    for (let left = UUIDS; left > 0; left--) randomUUID();
  };
  const freshIntegers = (): void => {
    staleIntegers = false;
    for (let left = INTEGERS; left > 0; left--) randomInt(2);
  };
  const before = (holder: object, name: string, fresh: () => void): void => {
    const original = (holder as Record<string, Method | undefined>)[name];
    if (original === undefined) return;
    define(
      holder,
      name,
      methodOf(
        {
          [name](this: unknown, ...args: unknown[]): unknown {
            fresh();
            return original.apply(this, args);
          },
        },
        name,
        original.length,
      ),
    );
  };
  const uuids = (): void => {
    if (staleUuids) freshUuids();
  };
  const integers = (): void => {
    if (staleIntegers) freshIntegers();
  };
  before(crypto, "randomUUID", uuids);
  before(crypto, "randomUUIDv7", uuids);
  before(crypto, "randomInt", integers);
  const web = Object.getPrototypeOf(crypto.webcrypto) as object;
  before(web, "randomUUID", uuids);
  before(web, "randomUUIDv7", uuids);
  return () => {
    staleUuids = true;
    staleIntegers = true;
  };
}

/** A context of node:vm has a Math.random of its own, whose state would be copied: it gets this process's instead. */
function wrapContexts(random: () => number): void {
  const { createContext, runInContext } = vm;
  const install = (context: object): void => {
    try {
      runInContext(
        "(random) => { if (Math.random !== random) Math.random = { random() { return random(); } }.random; }",
        context as vm.Context,
      )(random);
    } catch {
      // A context without Math, or with one that cannot be changed: it is as its maker wants it.
    }
  };
  const create = methodOf(
    {
      createContext(object: object = {}, ...rest: unknown[]): object {
        const context = (createContext as Method)(object, ...rest) as object;
        install(context);
        return context;
      },
    },
    "createContext",
    createContext.length,
  );
  // As Node does it, with the names that the options of a context have there.
  const optionsOfContext = (options: unknown): object | undefined => {
    if (typeof options !== "object" || options === null) return undefined;
    const { contextName, contextOrigin, contextCodeGeneration, microtaskMode } = options as Record<string, unknown>;
    const all = { name: contextName, origin: contextOrigin, codeGeneration: contextCodeGeneration, microtaskMode };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  };
  const contextFor = (object: unknown, options: unknown): object =>
    (create as Method)(object === undefined ? {} : object, optionsOfContext(options) ?? {}) as object;
  define(vm, "createContext", create);
  define(
    vm,
    "runInNewContext",
    methodOf(
      {
        runInNewContext(code: string, object?: object, options?: object | string): unknown {
          return (runInContext as Method)(code, contextFor(object, options), options);
        },
      },
      "runInNewContext",
    ),
  );
  define(
    vm.Script.prototype,
    "runInNewContext",
    methodOf(
      {
        runInNewContext(this: vm.Script, object?: object, options?: object): unknown {
          return this.runInContext(contextFor(object, options) as vm.Context, options as vm.RunningScriptOptions);
        },
      },
      "runInNewContext",
    ),
  );
}

/** A method is no constructor and has its name, as what it stands for. */
function methodOf<T extends Record<string, Method>>(holder: T, name: keyof T & string, length?: number): Method {
  const method = holder[name] as Method;
  if (length !== undefined) Object.defineProperty(method, "length", { value: length, configurable: true });
  return method;
}

function define(holder: object, name: string, value: unknown): void {
  const found = Object.getOwnPropertyDescriptor(holder, name);
  Object.defineProperty(holder, name, {
    configurable: true,
    enumerable: found?.enumerable ?? true,
    writable: true,
    value,
  });
}
