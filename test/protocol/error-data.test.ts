// Errors across hops: whatever is thrown arrives, with all of its meaning, and no data makes anything else of itself.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ActorId } from "#brood/errors/identity.js";
import { ActorDied, InvalidMessage } from "#brood/errors/kinds.js";
import { isRemote, RemoteActorError } from "#brood/errors/remote.js";
import { decodeError, encodeError } from "#brood/protocol/bodies.js";
import { checkErrorData, describeError, MAX_ERRORS, rebuildError, type ErrorData } from "#brood/protocol/error-data.js";
import { decodeValue, encodeValue } from "#brood/protocol/payload.js";
import { anyValue, runs } from "./arbitrary.js";
import { refusal } from "./refusal.js";

const test = suite("error-data");

const id = (name: string): ActorId => ({ name, uuid: `${name}-0000`, pid: 7 });
const leaf = id("leaf");
const middle = id("middle");
const top = id("top");

/** One hop: thrown in `self`, rebuilt by its caller. */
function hop(thrown: unknown, self: ActorId, what = "call x"): RemoteActorError {
  return rebuildError(decodeError(encodeError({ error: describeError(thrown, self), kind: "thrown" })).error, what);
}

const roundTrip = (value: unknown): unknown => decodeValue(encodeValue(value, "value"));

class Refund extends Error {
  override readonly name = "Refund";
  readonly amount = 5n;
  readonly at = new Date(0);
}

test("an error arrives with name, message, code, stack and its own fields", () => {
  const error = hop(Object.assign(new TypeError("bad"), { code: "E_BAD", list: [1, new Map([[1, 2]])] }), leaf);
  assert.ok(isRemote(error, "TypeError"));
  assert.is(error.remote.message, "bad");
  assert.is(error.remote.code, "E_BAD");
  assert.match(error.remote.stack, /TypeError: bad\n\s+at .*error-data\.test\.[jt]s/);
  assert.equal(error.remote.fields, { list: [1, new Map([[1, 2]])] });
  assert.equal(error.actor, leaf);
  assert.equal(error.path, [leaf]);
  assert.is(error.message, "call x failed: leaf (/leaf): TypeError: bad");
  assert.is(error.errors, undefined);
  assert.not("cause" in error);
});

test("an error of a class of your own keeps its name and fields", () => {
  const { remote } = hop(new Refund("no"), leaf);
  assert.is(remote.name, "Refund");
  assert.equal(remote.fields, { amount: 5n, at: new Date(0) });
});

test("a class that gives its errors no name gives them its own", () => {
  class Plain extends RangeError {}
  assert.is(hop(new Plain("p"), leaf).remote.name, "Plain");
  assert.is(hop(Object.assign(new Plain("p"), { name: "Error" }), leaf).remote.name, "Error");
  assert.is((roundTrip(new Plain("p")) as Error).name, "Plain");
  Plain.prototype.name = "Given";
  assert.is(hop(new (class extends Plain {})("p"), leaf).remote.name, "Given");
  const nameless = Object.defineProperty(new Plain("p"), "name", { value: undefined });
  assert.is(hop(nameless, leaf).remote.name, "Plain");
});

test("the stack holds the remote line and the local call", () => {
  const error = hop(new Error("deep"), leaf);
  error.locate("    at caller (local.js:1:2)");
  const { stack } = error;
  assert.match(stack as string, "local.js:1:2");
  assert.match(stack as string, /thrown in leaf:\n\s+Error: deep\n\s+at /);
});

test("causes three deep survive one hop and two", () => {
  const thrown = new Error("a", { cause: new RangeError("b", { cause: Object.assign(new Error("c"), { code: 3 }) }) });
  let error = hop(thrown, leaf);
  for (const self of [undefined, middle, top]) {
    if (self !== undefined) error = hop(error, self);
    const second = error.cause as RemoteActorError;
    const third = second.cause as RemoteActorError;
    assert.is(error.remote.message, "a");
    assert.ok(isRemote(second, "RangeError"));
    assert.is(second.remote.message, "b");
    assert.ok(isRemote(third, "Error"));
    assert.is(third.remote.code, 3);
    assert.not("cause" in third);
  }
});

test("an error that passes through actors keeps its origin and lists each of them", () => {
  const error = hop(hop(hop(new Refund("no"), leaf), middle), top);
  assert.ok(isRemote(error, "Refund"));
  assert.equal(error.actor, leaf);
  assert.equal(
    error.path.map(({ name }) => name),
    ["top", "middle", "leaf"],
  );
  assert.equal(error.remote.fields, { amount: 5n, at: new Date(0) });
  assert.match(error.message, "leaf (/top/middle/leaf): Refund: no");
});

test("an error that wraps a remote one keeps both origins", () => {
  const error = hop(new Error("wrapped", { cause: hop(new TypeError("inner"), leaf) }), middle);
  assert.equal(error.actor, middle);
  assert.equal(error.path, [middle]);
  const cause = error.cause as RemoteActorError;
  assert.ok(isRemote(cause, "TypeError"));
  assert.equal(cause.actor, leaf);
  assert.equal(cause.path, [middle, leaf]);
});

test("an AggregateError arrives with all members as errors, in order, at any depth", () => {
  const thrown = new AggregateError(
    [new Error("1"), new AggregateError([new TypeError("2a"), hop(new Error("2b"), leaf)], "2"), "3"],
    "all",
  );
  for (const error of [hop(thrown, middle), hop(hop(thrown, middle), top)]) {
    assert.ok(isRemote(error, "AggregateError"));
    const members = error.errors as RemoteActorError[];
    assert.equal(
      members.map((member) => member.remote.message),
      ["1", "2", "3"],
    );
    const inner = (members[1] as RemoteActorError).errors as RemoteActorError[];
    assert.ok(isRemote(inner[0], "TypeError"));
    assert.equal((inner[1] as RemoteActorError).actor, leaf);
    assert.equal((members[2] as RemoteActorError).remote.fields, { value: "3" });
  }
});

test("brood's own errors arrive with their fields", () => {
  const died = new ActorDied({ actor: leaf, path: "/leaf" }, { kind: "failed", error: new RangeError("oom") }, [
    "last line",
  ]);
  const { remote, cause } = hop(died, middle);
  assert.is(remote.name, "ActorDied");
  assert.is(remote.code, "ERR_BROOD_ACTOR_DIED");
  assert.equal(remote.fields["actor"], leaf);
  assert.is(remote.fields["path"], "/leaf");
  assert.equal(remote.fields["stderr"], ["last line"]);
  const exit = remote.fields["exit"] as { kind: string; error: Error };
  assert.is(exit.kind, "failed");
  assert.instance(exit.error, RangeError);
  assert.ok(isRemote(cause, "RangeError"));
});

test("no peer can forge one of brood's errors", () => {
  const error = hop(new ActorDied({ actor: leaf, path: "/leaf" }, { kind: "lost" }), middle);
  assert.not.instance(error, ActorDied);
  assert.is(error.code, "ERR_BROOD_REMOTE");
  const forged = Object.assign(new Error("x"), { code: "ERR_BROOD_REMOTE", remote: {}, actor: "me", path: 5 });
  assert.equal(hop(forged, leaf).actor, leaf);
  assert.is(hop(forged, leaf).remote.message, "x");
});

class Odd {
  readonly odd = true;
}

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const throwing = (target: object): object =>
  new Proxy(
    target,
    Object.fromEntries(
      (["get", "has", "ownKeys", "getOwnPropertyDescriptor", "getPrototypeOf"] as const).map((trap) => [
        trap,
        () => {
          throw new Error("trap");
        },
      ]),
    ),
  );

const oddities: [string, () => unknown, message: string | RegExp][] = [
  ["a string", () => "boom", "boom"],
  ["an empty string", () => "", ""],
  ["undefined", () => undefined, "undefined"],
  ["null", () => null, "null"],
  ["a number", () => 42, "42"],
  ["a bigint", () => 42n, "42n"],
  ["an enormous bigint", () => 2n ** 5000n, "a very large bigint"],
  ["a symbol", () => Symbol("s"), "Symbol(s)"],
  ["a function", () => () => 1, "a function"],
  ["an object", () => ({ a: 1 }), "an object"],
  ["an object with a message", () => ({ message: "hi" }), "hi"],
  ["a frozen object", () => Object.freeze({ a: 1 }), "an object"],
  ["an object without a prototype", () => Object.create(null) as unknown, "an object"],
  ["an instance of a class", () => new Odd(), "an object of class Odd"],
  ["a revoked proxy", revoked, /.*/],
  ["a proxy that throws", () => throwing({}), /.*/],
  ["a proxy of an error that throws", () => throwing(new Error("x")), /.*/],
  ["a frozen error", () => Object.freeze(new Error("frozen")), "frozen"],
  [
    "an error with a getter that throws",
    () =>
      Object.defineProperties(new Error("kept"), {
        code: {
          get() {
            throw new Error("getter");
          },
        },
        stack: {
          get() {
            throw new Error("getter");
          },
        },
        field: {
          enumerable: true,
          get() {
            throw new Error("getter");
          },
        },
      }),
    "kept",
  ],
  [
    "an error whose message is no text",
    () => Object.defineProperty(new Error("x"), "message", { value: { toString: () => "evil" } }),
    "",
  ],
  ["an error whose errors are no list", () => Object.assign(new Error("x"), { errors: "none" }), "x"],
  ["an AggregateError of nothing", () => new AggregateError([], "none"), "none"],
  [
    "an error that promises fields without end",
    () => Object.assign(new Error("x"), Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`f${i}`, i]))),
    "x",
  ],
  [
    "an error with a field that is refused",
    () => Object.assign(new Error("x"), { f: () => 1, s: Symbol("s"), ok: 1 }),
    "x",
  ],
  [
    "an error with a field called __proto__",
    () => Object.defineProperty(new Error("x"), "__proto__", { value: { polluted: 1 }, enumerable: true }),
    "x",
  ],
  [
    "an error with lone surrogates",
    () => Object.assign(new Error("\ud800"), { code: "\udfff", "\ud801": 1 }),
    "\ud800",
  ],
  ["a DOMException", () => new DOMException("gone", "AbortError"), "gone"],
  ["a huge message", () => new Error("x".repeat(1_000_000)), /^x{60000,65536}\.\.\. \(1000000 in all\)$/],
  ["a promise", () => Promise.resolve(), "an object of class Promise"],
];

for (const [what, make, message] of oddities) {
  test(`${what} that is thrown arrives, once and twice`, () => {
    const once = hop(make(), leaf);
    const twice = hop(once, middle);
    for (const error of [once, twice]) {
      if (typeof message === "string") assert.is(error.remote.message, message);
      else assert.match(error.remote.message, message);
      assert.equal(error.actor, leaf);
      assert.type(error.remote.name, "string");
      assert.type(error.stack, "string");
    }
    assert.equal(twice.remote, once.remote);
  });
}

test("what was thrown and is no error is the field `value`, where it can be sent", () => {
  assert.is(hop("boom", leaf).remote.name, "NonError");
  assert.equal(hop({ a: [1n] }, leaf).remote.fields, { value: { a: [1n] } });
  assert.equal(hop(undefined, leaf).remote.fields, { value: undefined });
  assert.equal(hop(() => 1, leaf).remote.fields, {});
});

test("an accessor among the fields of an error is no field", () => {
  const thrown = Object.defineProperty(new Error("x"), "field", { get: () => 1, enumerable: true });
  assert.equal(hop(thrown, leaf).remote.fields, {});
});

test("fields that cannot be sent are left out and named", () => {
  const data = describeError(Object.assign(new Error("x"), { f: () => 1, ok: 1, g: Symbol("s") }), leaf);
  assert.equal(data.fields, { ok: 1 });
  assert.equal(data.dropped, ["f", "g"]);
});

test("a circular cause ends where it begins again", () => {
  const a = new Error("a");
  const b = new Error("b", { cause: a });
  (a as { cause?: unknown }).cause = b;
  const error = hop(a, leaf);
  const second = error.cause as RemoteActorError;
  assert.is(second.remote.message, "b");
  assert.not("cause" in second);
  const self = new Error("self");
  (self as { cause?: unknown }).cause = self;
  (self as { me?: unknown }).me = self;
  assert.not("cause" in hop(self, leaf));
  assert.equal(hop(self, leaf).remote.fields, {});
});

test("causes are told sixteen deep, and members a thousand in all", () => {
  let chain: Error = new Error("0");
  for (let i = 1; i < 100; i++) chain = new Error(`${i}`, { cause: chain });
  let depth = 0;
  for (let at: unknown = hop(chain, leaf); at !== undefined; at = (at as Error).cause) depth++;
  assert.is(depth, 17);
  const many = new AggregateError(
    Array.from({ length: 3000 }, (_, i) => new Error(`${i}`)),
    "many",
  );
  const { errors } = hop(many, leaf);
  assert.is(errors?.length, MAX_ERRORS);
  assert.is(((errors as RemoteActorError[]).at(-1) as RemoteActorError).remote.message, "2001 more errors, left out");
  let nest: Error = new Error("core");
  for (let i = 0; i < 5000; i++) nest = new AggregateError([nest], "level");
  assert.is(hop(nest, leaf).remote.message, "level");
  const wide = (levels: number): Error =>
    levels === 0 ? new Error("x") : new AggregateError([wide(levels - 1), wide(levels - 1)], "w");
  assert.is(hop(wide(14), leaf).remote.message, "w");
});

test("members that contain their AggregateError are left out and counted", () => {
  const error = new AggregateError([new Error("1")], "loop");
  error.errors.push(error);
  assert.equal(
    (hop(error, leaf).errors as RemoteActorError[]).map((member) => member.remote.message),
    ["1", "1 more error, left out"],
  );
});

test("the largest error that can be described can be sent", () => {
  const big = "€".repeat(200_000);
  const errors = Array.from({ length: 1500 }, () =>
    Object.assign(new Error(big), { stack: big, a: big, b: big.slice(0, 60_000) }),
  );
  const body = encodeError({ error: describeError(new AggregateError(errors, big), leaf), kind: "thrown" });
  assert.ok(body.length < 64 * 1024 * 1024);
  assert.is(decodeError(body).error.errors?.length, MAX_ERRORS);
});

test("an error whose fields change after they were described still arrives", () => {
  const field: Record<string, unknown> = { a: 1 };
  const data = describeError(Object.assign(new Error("kept"), { field }), leaf);
  field["a"] = () => 1;
  const { error } = decodeError(encodeError({ error: data, kind: "thrown" }));
  assert.is(error.message, "kept");
  assert.is(error.fields, undefined);
});

test("anything that is thrown arrives", () => {
  // As functions that make it: fast-check would look into the proxies among them.
  const thrown = fc.letrec<{ thrown: () => unknown }>((tie) => ({
    thrown: fc.oneof(
      { depthSize: "small" },
      anyValue.map((value) => () => value),
      fc.constantFrom(...oddities.map(([, make]) => make)),
      fc.tuple(fc.string({ unit: "binary" }), tie("thrown")).map(
        ([message, cause]) =>
          () =>
            new Error(message, { cause: cause() }),
      ),
      fc.tuple(fc.string(), fc.array(fc.tuple(fc.string(), tie("thrown")), { maxLength: 4 })).map(
        ([message, fields]) =>
          () =>
            fields.reduce(
              (error, [key, make]) =>
                Object.defineProperty(error, `f${key}`, { value: make(), enumerable: true, configurable: true }),
              new TypeError(message),
            ),
      ),
      fc.array(tie("thrown"), { maxLength: 4 }).map(
        (errors) => () =>
          new AggregateError(
            errors.map((make) => make()),
            "all",
          ),
      ),
    ),
  })).thrown;
  fc.assert(
    fc.property(thrown, (make) => {
      const once = hop(make(), leaf);
      assert.equal(hop(once, middle).path, [middle, leaf]);
    }),
    runs(400),
  );
});

test("data of any other shape is refused", () => {
  const good = describeError(new AggregateError([new Error("m")], "x", { cause: new Error("c") }), leaf);
  checkErrorData(good, "error");
  const breaks: [where: string, break_: (data: Record<string, unknown>) => void][] = [
    ["error.name", (data) => (data["name"] = 5)],
    ["error.message", (data) => delete data["message"]],
    ["error.stack", (data) => (data["stack"] = null)],
    ["error.code", (data) => (data["code"] = {})],
    ["error.fields", (data) => (data["fields"] = [])],
    ["error.fields", (data) => (data["fields"] = null)],
    ["error.actor", (data) => (data["actor"] = "leaf")],
    ["error.actor", (data) => (data["actor"] = { name: "x", uuid: "y", pid: -1 })],
    ["error.path", (data) => (data["path"] = [])],
    ["error.path", (data) => (data["path"] = [leaf, {}])],
    ["error.path", (data) => (data["path"] = new Array(1001).fill(leaf))],
    ["error.cause", (data) => (data["cause"] = "why")],
    ["error.cause.name", (data) => ((data["cause"] as Record<string, unknown>)["name"] = [])],
    ["error.errors", (data) => (data["errors"] = {})],
    [
      "error.errors[0].actor",
      (data) =>
        ((data["errors"] as Record<string, unknown>[])[0] = { ...(data["errors"] as object[])[0], actor: null }),
    ],
  ];
  for (const [where, spoil] of breaks) {
    const data = structuredClone(good) as unknown as Record<string, unknown>;
    spoil(data);
    assert.is(refusal(() => rebuildError(data, "call x")).at, where);
  }
  const endless = (levels: number): unknown => {
    let data: unknown;
    for (let i = 0; i < levels; i++) data = { ...good, errors: undefined, cause: data };
    return data;
  };
  refusal(() => rebuildError(endless(1000), "call x"));
  refusal(() => rebuildError({ ...good, errors: new Array(5000).fill(good) }, "call x"));
});

test("stacks that a peer cannot map itself are mapped when its error is rebuilt, to the last cause and member", () => {
  const thrown = new AggregateError([new Error("member")], "all", { cause: new Error("cause") });
  const error = rebuildError(describeError(thrown, leaf), "call x", (stack) => `mapped: ${stack.split("\n", 1)[0]}`);
  assert.is(error.remote.stack, "mapped: AggregateError: all");
  assert.is((error.cause as RemoteActorError).remote.stack, "mapped: Error: cause");
  assert.is((error.errors?.[0] as RemoteActorError | undefined)?.remote.stack, "mapped: Error: member");
  assert.match(error.stack ?? "", /thrown in leaf:\n {2}mapped: AggregateError: all$/);
});

test("data that is any value at all is an error or an InvalidMessage", () => {
  const field = fc.oneof(anyValue, fc.constantFrom<unknown>("text", leaf, [leaf], {}, undefined));
  const shape = fc.record(
    {
      name: field,
      message: field,
      stack: field,
      code: field,
      fields: field,
      actor: field,
      path: field,
      cause: field,
      errors: fc.array(field),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(anyValue, shape), (data) => {
      try {
        assert.instance(rebuildError(data, "call x"), RemoteActorError);
      } catch (error) {
        assert.instance(error, InvalidMessage);
      }
    }),
    runs(500),
  );
});

// Errors as values.

test("each built-in class of errors arrives as itself", () => {
  for (const Class of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]) {
    const sent = new Class("m");
    const got = roundTrip(sent) as Error;
    assert.is(Object.getPrototypeOf(got), Class.prototype);
    assert.is(got.message, "m");
    assert.is(got.stack, sent.stack);
    assert.equal(Object.keys(got), []);
    assert.not("cause" in got);
  }
});

test("an error as a value keeps a cause of any kind, also undefined", () => {
  for (const cause of ["why", undefined, null, { a: 1n }, new Map([[1, 2]])]) {
    const got = roundTrip(new Error("x", { cause })) as Error;
    assert.ok(Object.hasOwn(got, "cause"));
    assert.equal(got.cause, cause);
    assert.not(Object.keys(got).includes("cause"));
  }
});

test("an error as a value leaves behind what cannot be sent", () => {
  const sent = Object.assign(new Error("x", { cause: () => 1 }), { f: () => 1, ok: [1], deep: { s: Symbol("s") } });
  const got = roundTrip({ sent }) as { sent: Error & Record<string, unknown> };
  assert.equal(Object.keys(got.sent), ["ok"]);
  assert.not("cause" in got.sent);
  assert.equal((roundTrip(new AggregateError([() => 1, new Error("b")], "all")) as AggregateError).errors.length, 2);
});

test("an error as a value that contains itself is cut where it does", () => {
  const error = new Error("x") as Error & Record<string, unknown>;
  error["self"] = error;
  error["list"] = [{ error }];
  error.cause = new Error("y", { cause: error });
  const got = roundTrip([error]) as [Error & Record<string, unknown>];
  assert.equal(Object.keys(got[0]), []);
  assert.is((got[0].cause as Error).message, "y");
  assert.not("cause" in (got[0].cause as Error));
});

test("causes of an error as a value are kept sixteen deep", () => {
  let chain: Error = new Error("0");
  for (let i = 1; i < 100; i++) chain = new Error(`${i}`, { cause: chain });
  let depth = 0;
  for (let at: unknown = roundTrip(chain); at instanceof Error; at = at.cause) depth++;
  assert.is(depth, 17);
});

test("an error as a value counts against the budget of its message", () => {
  const error = Object.assign(new Error("x"), { list: new Array(600_000).fill(0) });
  refusal(() => encodeValue([error, error], "value"));
  assert.is((roundTrip(error) as unknown as { list: unknown[] }).list.length, 600_000);
});

test("as many errors as can be sent can be received", () => {
  for (const count of [60_000, 300_000]) {
    const many = new Array<Error>(count).fill(Object.assign(new Error(), { stack: "" }));
    let message: Uint8Array;
    try {
      message = encodeValue(many, "value");
    } catch (error) {
      assert.instance(error, InvalidMessage);
      assert.ok(count > 100_000);
      continue;
    }
    assert.is((decodeValue(message) as unknown[]).length, count);
  }
});

test("an error as a value sets no property that stands for something else", () => {
  const sent = Object.defineProperty(new Error("x"), "__proto__", { value: { polluted: 1 }, enumerable: true });
  const got = roundTrip(sent) as Error & Record<string, unknown>;
  assert.is(Object.getPrototypeOf(got), Error.prototype);
  assert.ok(Object.hasOwn(got, "__proto__"));
  assert.is(got["polluted"], undefined);
});

test("what is described is what arrives", () => {
  const data: ErrorData = describeError(Object.assign(new Refund("no"), { code: 5 }), leaf);
  assert.equal(decodeError(encodeError({ error: data, kind: "thrown" })).error, data);
});

test.run();
