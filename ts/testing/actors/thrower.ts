// Throws everything that can be thrown.
import { defineActor, endpoint } from "../../actor/index.js";

/** An error class of one's own. */
export class AccountError extends Error {
  override readonly name = "AccountError";
  readonly code = "E_ACCOUNT";
  constructor(
    message: string,
    readonly balance: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const circular = (): Error => {
  const error = new Error("circular");
  error.cause = new Error("its cause", { cause: error });
  return error;
};

const hostile = (): Error => {
  const error = new Error("replaced");
  // Rendered now: later its rendering would meet the getters below.
  void error.stack;
  return Object.defineProperties(error, {
    message: {
      get: () => {
        throw new Error("message");
      },
    },
    name: {
      get: () => {
        throw new Error("name");
      },
    },
    stack: {
      get: () => {
        throw new Error("stack");
      },
    },
    code: {
      get: () => {
        throw new Error("code");
      },
    },
    cause: {
      get: () => {
        throw new Error("cause");
      },
    },
    errors: {
      get: () => {
        throw new Error("errors");
      },
    },
    toString: {
      value: () => {
        throw new Error("toString");
      },
    },
  });
};

const trapped = (): object =>
  new Proxy(new Error("within"), {
    get: () => {
      throw new Error("get");
    },
    has: () => {
      throw new Error("has");
    },
    ownKeys: () => {
      throw new Error("ownKeys");
    },
    getPrototypeOf: () => {
      throw new Error("getPrototypeOf");
    },
    getOwnPropertyDescriptor: () => {
      throw new Error("getOwnPropertyDescriptor");
    },
  });

class Failure {
  reason = "of a class";
}

/** What there is to throw, by name. */
const MAKERS: Record<string, () => unknown> = {
  builtIn: () => Object.assign(new RangeError("out of range"), { code: "E_RANGE", limit: 10 }),
  ownClass: () => new AccountError("overdrawn", -5),
  causes: () =>
    Object.assign(
      new AccountError("top", 1, {
        cause: Object.assign(
          new TypeError("first", {
            cause: Object.assign(
              new RangeError("second", {
                cause: Object.assign(new AccountError("third", 3), { deep: { list: [1, 2n, new Date(0)] } }),
              }),
              { code: 42, two: [2] },
            ),
          }),
          { one: 1 },
        ),
      }),
      { request: { id: 7, tags: new Set(["a"]) } },
    ),
  aggregate: () =>
    Object.assign(
      new AggregateError(
        [
          new RangeError("a"),
          new AggregateError(
            [new AccountError("b.a", 1), new AggregateError([new TypeError("b.b.a"), "b.b.b"], "b.b")],
            "b",
          ),
          new AccountError("c", 3, { cause: new Error("of c") }),
        ],
        "all failed",
      ),
      { code: "E_MANY" },
    ),
  line: () => new Error("with its line"),
  surrogates: () => Object.assign(new Error("lone \ud800, and \udfff\ud800 the wrong way round"), { text: "\udc00" }),
  controls: () => new Error("bell \u0007, null \u0000, and \u001b[31mred"),
  string: () => "a string",
  emptyString: () => "",
  undefined: () => undefined,
  null: () => null,
  number: () => -0,
  bigint: () => 1n << 70n,
  symbol: () => Symbol("thrown"),
  function: () => () => 1,
  plain: () => ({ message: "like an error", status: 404 }),
  frozen: () => Object.freeze({ a: 1 }),
  frozenError: () => Object.freeze(new RangeError("frozen")),
  revoked,
  circular,
  promise: () => Promise.resolve(1),
  instance: () => new Failure(),
  hostile,
  trapped,
  huge: () => new Error("x".repeat(80 * 1024 * 1024)),
  hugeField: () => Object.assign(new Error("its field is huge"), { huge: "x".repeat(80 * 1024 * 1024), small: 1 }),
  unsendable: () =>
    Object.assign(new Error("some of it cannot be sent"), {
      call: () => 1,
      socket: new (class Socket {
        fd = 1;
      })(),
      cycle: circular(),
      good: 1,
    }),
  wide: () =>
    new AggregateError(
      Array.from({ length: 5_000 }, (_, i) => new Error(`member ${i}`)),
      "wide",
    ),
  deep: () => {
    let error = new Error("bottom");
    for (let i = 0; i < 5_000; i++) error = new Error(`level ${i}`, { cause: error });
    return error;
  },
  proto: () =>
    Object.assign(new Error("tampering"), JSON.parse('{"__proto__": {"polluted": true}, "constructor": "no"}')),
};

/** Names of everything it can throw. */
export type Thrown = keyof typeof MAKERS;

export const endpoints = {
  add: (a: number, b: number) => a + b,
  throws: (what: Thrown) => {
    throw MAKERS[what]?.();
  },
  rejects: endpoint(async (_task, what: Thrown) => {
    await Promise.resolve();
    throw MAKERS[what]?.();
  }),
};

export default defineActor(endpoints);
