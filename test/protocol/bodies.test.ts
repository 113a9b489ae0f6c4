// The bodies of frames: read as they were written, open to a later release, closed to everything else.
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ActorId } from "#brood/errors/identity.js";
import { InvalidMessage } from "#brood/errors/kinds.js";
import * as bodies from "#brood/protocol/bodies.js";
import { describeError } from "#brood/protocol/error-data.js";
import { Flag, HEADER_BYTES } from "#brood/protocol/frame.js";
import { decodeValue, encodeJson, encodePlain, encodeValue } from "#brood/protocol/payload.js";
import { anyJson, anyValue, runs, same } from "./arbitrary.js";
import { refusal } from "./refusal.js";

const test = suite("bodies");

const id: ActorId = { name: "a", uuid: "u" };
const other: ActorId = { name: "b", uuid: "v", pid: 12 };
const error = describeError(new Error("x"), id);

const u32 = fc.oneof(fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1), fc.nat({ max: 2 ** 31 - 1 }));

test("Credit and Timer are two u32, little endian", () => {
  assert.equal([...bodies.encodeCredit(1, 0x01020304)], [1, 0, 0, 0, 4, 3, 2, 1]);
  assert.equal([...bodies.encodeTimer(0xffffffff, 2)], [255, 255, 255, 255, 2, 0, 0, 0]);
  fc.assert(
    fc.property(u32, u32, (a, b) => {
      assert.equal(bodies.decodeCredit(bodies.encodeCredit(a, b)), { messages: a, bytes: b });
      assert.equal(bodies.decodeTimer(bodies.encodeTimer(a, b)), { id: a, ms: b });
    }),
    runs(100),
  );
  for (const length of [0, 4, 7, 9]) {
    assert.match(refusal(() => bodies.decodeCredit(new Uint8Array(length))).message, `${length} bytes`);
    assert.match(refusal(() => bodies.decodeTimer(new Uint8Array(length))).message, `${length} bytes`);
  }
});

test("Log is a level and a text", () => {
  assert.equal([...bodies.encodeLog(3, "hé")], [3, 0x68, 0xc3, 0xa9]);
  fc.assert(
    fc.property(fc.nat({ max: 255 }), fc.string({ unit: "grapheme" }), (level, text) => {
      assert.equal(bodies.decodeLog(bodies.encodeLog(level, text)), { level, text });
    }),
    runs(100),
  );
  assert.equal(bodies.decodeLog(Uint8Array.of(1, 0xff)), { level: 1, text: "\ufffd" });
  refusal(() => bodies.decodeLog(new Uint8Array(0)));
});

/** A body without what is undefined in it. */
const tidy = (body: object): unknown =>
  Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));

interface Kind {
  readonly name: string;
  readonly good: readonly Record<string, unknown>[];
  encode(body: never): Uint8Array;
  decode(payload: Uint8Array, flags?: number): object;
  /** Fields, and values that each of them must not have. */
  readonly bad: Record<string, readonly unknown[]>;
}

const notText = [undefined, null, 5, {}, [], true];
const notId = [
  undefined,
  null,
  "a",
  {},
  { name: 5, uuid: "u" },
  { name: "a" },
  { ...id, pid: 0.5 },
  { ...id, pid: "1" },
];
const notTime = [undefined, null, -1, NaN, Infinity, "5", 5n];
const spec = {
  actor: id,
  parent: other,
  root: other,
  path: "/b/a",
  spawnMethod: "exec",
  logLevel: "warn",
  inheritMain: false,
  cancelTimeout: 500,
};

const kinds: readonly Kind[] = [
  {
    name: "Hello",
    good: [
      { version: 1, token: "t" },
      { version: 7, token: "", pid: 5, node: "v20" },
    ],
    encode: bodies.encodeHello,
    decode: bodies.decodeHello,
    bad: { version: [undefined, null, "1", 1.5, -1, NaN, 1n], token: notText, pid: [-1, "5", 1.5], node: [5, {}] },
  },
  {
    name: "Spec",
    good: [
      spec,
      { ...spec, module: "file:///a.js", main: "file:///b.js", inheritMain: true, budget: 100.5 },
      { ...spec, preload: ["typescript", "file:///c.js"] },
    ],
    encode: bodies.encodeSpec,
    decode: bodies.decodeSpec,
    bad: {
      actor: notId,
      parent: notId,
      root: notId,
      path: notText,
      spawnMethod: notText,
      logLevel: notText,
      module: [5, {}],
      main: [5, []],
      inheritMain: [undefined, null, 0, "true"],
      preload: [5, "typescript", [5]],
      cancelTimeout: notTime,
      budget: [-1, "5", Infinity],
    },
  },
  {
    name: "Ready",
    good: [{ endpoints: {} }, { endpoints: { greet: "call", count: "context" } }],
    encode: bodies.encodeReady,
    decode: bodies.decodeReady,
    bad: { endpoints: [undefined, null, [], "greet", new Map()] },
  },
  {
    name: "Cancel",
    good: [
      { origin: { scope: "actor", via: "deadline", canceller: other, reason: new Map([[1, 2]]) }, within: 500 },
      { origin: { scope: "call", via: "host signal", canceller: id, reason: undefined }, within: 0 },
    ],
    encode: bodies.encodeCancel,
    decode: bodies.decodeCancel,
    bad: { origin: [undefined, null, 5, []], within: notTime },
  },
  {
    name: "CancelAck",
    good: [{ state: "finished" }, { state: "abandoned", errors: [error, error] }],
    encode: bodies.encodeCancelAck,
    decode: bodies.decodeCancelAck,
    bad: { state: [undefined, null, "done", 1], errors: [5, {}, [5], [{ ...error, actor: 1 }]] },
  },
  {
    name: "Error",
    good: [
      { error, kind: "thrown" },
      { error, kind: "protocol", phase: "setup" },
    ],
    encode: bodies.encodeError,
    decode: bodies.decodeError,
    bad: {
      kind: [undefined, null, "died", 1],
      phase: [5, {}],
      error: [undefined, null, 5, {}, { ...error, path: [] }],
    },
  },
];

for (const { name, good, encode, decode, bad } of kinds) {
  test(`${name} is read as it was written, as msgpack and as JSON`, () => {
    for (const body of good) {
      assert.equal(tidy(decode(encode(body as never))), tidy(body));
      const json = encodeJson(body, name);
      if (json !== undefined) assert.equal(tidy(decode(json, Flag.Json)), tidy(body));
    }
  });

  test(`${name} with fields of a later release is read without them`, () => {
    for (const body of good)
      assert.equal(tidy(decode(encodeValue({ ...body, since: 2, more: [1] }, name))), tidy(body));
  });

  for (const [field, values] of Object.entries(bad)) {
    test(`${name} with another ${field} is refused, naming the field`, () => {
      for (const value of values) {
        const at = refusal(() => decode(encodeValue({ ...good[0], [field]: value }, name))).at as string;
        assert.ok(at.startsWith(`${name}.${field}`), at);
      }
    });
  }

  test(`${name} that is anything else is refused`, () => {
    for (const value of [undefined, null, 5, "x", [], [good[0]], new Map(), new Date()])
      refusal(() => decode(encodeValue(value, name)));
    fc.assert(
      fc.property(anyValue, (value) => {
        refusal(() => decode(encodeValue(value, name)));
      }),
      runs(50),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (payload) => {
        try {
          decode(payload);
        } catch (thrown) {
          assert.instance(thrown, InvalidMessage);
        }
      }),
      runs(100),
    );
  });
}

test("what somebody has put on Object.prototype is no field", () => {
  const prototype = Object.prototype as Record<string, unknown>;
  prototype["token"] = "t";
  try {
    assert.is(refusal(() => bodies.decodeHello(encodeValue({ version: 1 }, "Hello"))).at, "Hello.token");
  } finally {
    delete prototype["token"];
  }
});

test("a form of an endpoint that is unknown is refused, naming the endpoint", () => {
  const at = refusal(() =>
    bodies.decodeReady(encodeValue({ endpoints: { greet: "call", "a b": "stream" } }, "Ready")),
  ).at;
  assert.is(at, 'Ready.endpoints["a b"]');
});

test("an endpoint may be called __proto__ or constructor", () => {
  const endpoints = JSON.parse('{"__proto__":"call","constructor":"context"}') as Record<string, "call">;
  const ready = bodies.decodeReady(bodies.encodeReady({ endpoints }));
  assert.ok(same(ready.endpoints, endpoints));
});

test("the parts of the origin of a cancel are checked one by one", () => {
  const origin = { scope: "actor", via: "cancel", canceller: id, reason: 1 };
  for (const [field, values] of Object.entries({
    scope: ["all", 5, undefined],
    via: ["mail", null],
    canceller: notId,
  })) {
    for (const value of values) {
      const body = encodeValue({ origin: { ...origin, [field]: value }, within: 5 }, "Cancel");
      assert.is(refusal(() => bodies.decodeCancel(body)).at, `Cancel.origin.${field}`);
    }
  }
});

test("a reason equals the one given, and one that cannot be sent says so instead", () => {
  const cancel = (reason: unknown): unknown =>
    bodies.decodeCancel(
      bodies.encodeCancel({ origin: { scope: "call", via: "signal", canceller: id, reason }, within: 5 }),
    ).origin.reason;
  assert.equal(cancel({ why: [1n] }), { why: [1n] });
  const aborted = cancel(new DOMException("This operation was aborted", "AbortError")) as Error;
  assert.instance(aborted, Error);
  assert.is(aborted.name, "AbortError");
  assert.is(aborted.message, "This operation was aborted");
  assert.is(
    cancel(() => 1),
    "(a reason that cannot be sent: a function cannot be sent)",
  );
  assert.is(cancel({ a: Symbol("s") }), "(a reason that cannot be sent: a symbol cannot be sent)");
});

test("to a guest a cancel goes as JSON where its reason is plain, and arrives whatever that is", () => {
  for (const [reason, json, arrives] of [
    [undefined, true, undefined],
    ["enough", true, "enough"],
    [{ why: [1, null] }, true, { why: [1, null] }],
    [{ why: 1n }, false, { why: 1n }],
    [() => 1, true, "(a reason that cannot be sent: a function cannot be sent)"],
  ] as const) {
    const { payload, flags } = bodies.encodeCancel(
      { origin: { scope: "call", via: "signal", canceller: id, reason }, within: 5 },
      encodePlain,
    );
    assert.is(flags === Flag.Json, json);
    assert.equal(bodies.decodeCancel(payload, flags).origin.reason, arrives);
  }
});

// Start, the most frequent of all.

const start = fc.record(
  {
    endpoint: fc.string({ unit: "binary" }),
    open: fc.boolean(),
    args: fc.array(anyValue, { maxLength: 4 }),
    remaining: fc.double({ min: 0, max: 1e9, noNaN: true }).map((n) => n + 0),
    caller: fc.constant(other),
    meta: anyValue.filter((value) => value !== null),
  },
  { requiredKeys: ["endpoint", "open", "args"], noNullPrototype: true },
);

test("Start is read as it was written", () => {
  fc.assert(
    fc.property(start, fc.constantFrom(0, HEADER_BYTES), (body, reserve) => {
      const got = bodies.decodeStart(bodies.encodeStart(body, reserve).subarray(reserve));
      assert.ok(same(tidy(got), tidy(body)));
    }),
    runs(300),
  );
});

test("Start of plain JSON is read as it was written, as JSON text", () => {
  fc.assert(
    fc.property(start, fc.array(anyJson, { maxLength: 3 }), (body, args) => {
      const plain = { ...body, args, meta: undefined };
      const got = bodies.decodeStart(bodies.encodeStartJson(plain) as Uint8Array, Flag.Json);
      assert.ok(same(tidy(got), tidy(plain)));
    }),
    runs(200),
  );
  assert.is(bodies.encodeStartJson({ endpoint: "e", open: false, args: [1n] }), undefined);
  assert.is(bodies.encodeStartJson({ endpoint: "e", open: false, args: [undefined] }), undefined);
});

test("Start leaves out what is undefined at its end", () => {
  assert.equal(decodeValue(bodies.encodeStart({ endpoint: "e", open: false, args: [1] })), ["e", false, [1]]);
  assert.equal(decodeValue(bodies.encodeStart({ endpoint: "e", open: true, args: [], caller: id })), [
    "e",
    true,
    [],
    null,
    id,
  ]);
});

test("Start with elements of a later release is read without them", () => {
  const got = bodies.decodeStart(encodeValue(["e", true, [1], 5, id, "meta", "later", 7], "Start"));
  assert.equal(got, { endpoint: "e", open: true, args: [1], remaining: 5, caller: id, meta: "meta" });
});

test("Start of another shape is refused, naming the element", () => {
  const cases: [unknown, string][] = [
    [{}, "Start"],
    [[], "Start.endpoint"],
    [[1, true, []], "Start.endpoint"],
    [["e", 1, []], "Start.open"],
    [["e", true], "Start.args"],
    [["e", true, {}], "Start.args"],
    [["e", true, [], "5"], "Start.remaining"],
    [["e", true, [], -5], "Start.remaining"],
    [["e", true, [], Infinity], "Start.remaining"],
    [["e", true, [], 5, "me"], "Start.caller"],
  ];
  for (const [body, at] of cases) assert.is(refusal(() => bodies.decodeStart(encodeValue(body, "x"))).at, at);
});

test("an argument that cannot be sent is named by its place", () => {
  const error = refusal(() =>
    bodies.encodeStart({ endpoint: "e", open: false, args: [{ items: [1, 2, 3, () => 1] }] }),
  );
  assert.is(error.message, "invalid message: args[0].items[3]: a function cannot be sent.");
  assert.is(
    refusal(() => bodies.encodeStart({ endpoint: "e", open: false, args: [], meta: { a: Symbol("s") } })).at,
    "meta.a",
  );
});

test("arguments and metadata share the budget of one message", () => {
  const half = new Array<number>(600_000).fill(0);
  refusal(() => bodies.encodeStart({ endpoint: "e", open: false, args: [half], meta: half }));
  assert.is(
    (bodies.decodeStart(bodies.encodeStart({ endpoint: "e", open: false, args: [half] })).args[0] as unknown[]).length,
    600_000,
  );
});

test.run();
