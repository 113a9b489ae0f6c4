// What console writes: texts against Node's util.format, and the levels, groups and counters around them.
// oxlint-disable typescript/no-extraneous-class, no-sparse-arrays, unicorn/no-array-fill-with-reference-type -- they are what is written
import { format as nodeFormat } from "node:util";
import fc from "fast-check";
import * as assert from "uvu/assert";
import { console as guestConsole } from "#brood/actor/guest/console.js";
import { format } from "#brood/actor/guest/format.js";
import { attach } from "#brood/actor/guest/host.js";
import { suite } from "../harness/law.js";
import { fakeHost } from "./fake-host.js";

const law = suite("guest console");

class Point {
  x = 1;
  y = [2];
}
class Empty {}
class Named extends Map<unknown, unknown> {}
const circular: Record<string, unknown> = { a: 1 };
circular["self"] = circular;
circular["list"] = [circular];

const ROWS: readonly (readonly unknown[])[] = [
  [],
  [""],
  ["text"],
  ["a", "b", 1],
  [1],
  [-0],
  [10n],
  [NaN],
  [true],
  [null],
  [undefined],
  [Symbol("s")],
  [1, "a", null],
  ["%s", "x"],
  ["%s %s", "x"],
  ["%s", 5],
  ["%s", -0],
  ["%s", 5n],
  ["%s", null],
  ["%s", undefined],
  ["%s", Symbol("s")],
  ["%s", { a: { b: 1 } }],
  ["%s", [1, [2]]],
  ["%s", new Date(0)],
  ["%s", {}],
  ["%d", 5],
  ["%d", "5"],
  ["%d", "x"],
  ["%d", 5n],
  ["%d", {}],
  ["%d", Symbol("s")],
  ["%d", -0],
  ["%d", ""],
  ["%d", true],
  ["%i", 5.9],
  ["%i", "7.8x"],
  ["%i", 5n],
  ["%i", {}],
  ["%f", "1.5x"],
  ["%f", 5],
  ["%f", Symbol("s")],
  ["%j", { a: [1] }],
  ["%j", "x"],
  ["%j", circular],
  ["%j", undefined],
  ["%O", { a: { b: { c: 1 } } }],
  ["%c x", "color: red"],
  ["%%"],
  ["%% %s", 1],
  ["100%", 1],
  ["%x", 1],
  ["%s%s%s", 1, 2],
  ["a %s b", "x", "y", { z: 1 }],
  ["%"],
  ["%s"],
  [{}],
  [{ a: 1, b: "x", c: null, d: undefined }],
  [{ "a b": 1, 2: 3, é: 4, _x: 5 }],
  [{ a: { b: { c: { d: 1 } } } }],
  [{ a: { b: { c: [] } } }],
  [{ a: { b: { c: {} } } }],
  [{ a: { b: { c: [1] } } }],
  [Object.create(null)],
  [Object.assign(Object.create(null), { a: 1 })],
  [[]],
  [[1, 2, 3]],
  [["a", "b"]],
  [[[[[1]]]]],
  [[undefined, null]],
  [[1, , 3]],
  [[, ,]],
  [new Array(3)],
  [Object.assign([1], { x: 2 })],
  [[{ a: 1 }, { b: 2 }]],
  [new Map()],
  [
    new Map<unknown, unknown>([
      ["a", 1],
      [{ b: 1 }, [2]],
    ]),
  ],
  [new Set()],
  [new Set([1, "x"])],
  [new Named([[1, 2]])],
  [new Date(0)],
  [new Date(NaN)],
  [/a\/b/gi],
  [new Uint8Array([1, 2])],
  [new Uint8Array(0)],
  [new Float64Array([1.5])],
  [() => {}],
  [function named() {}],
  [class {}],
  [class A {}],
  [class B extends Point {}],
  [async () => {}],
  [function* gen() {}],
  [{ f() {}, g: () => 1 }],
  [Object.assign(() => {}, { a: 1 })],
  [new Point()],
  [new Empty()],
  [{ p: new Point() }],
  [Object(1)],
  [Object("x")],
  [Object(true)],
  [Object(5n)],
  [circular],
  [
    {
      get a() {
        return 1;
      },
    },
  ],
  [{ set a(_: number) {} }],
  [
    {
      get a() {
        return 1;
      },
      set a(_: number) {},
    },
  ],
  ["it's", "x"],
  [{ a: "it's" }],
  [{ a: "both ' and \"" }],
  [{ a: "all ' \" `" }],
  [{ a: "line\nbreak\ttab\\ \x00\x7f" }],
  [["a\nb"]],
  [{ aaaaaaaaaaaaaaaaaaaa: "bbbbbbbbbbbbbbbbbbbb", cccccccccccccccccccc: "dddddddddddddddddddd", e: 1 }],
  [
    {
      aaaaaaaaaaaaaaaaaaaaaaaaa: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
      cccccccccccccccc: [1, 2, { ddddddddddddddddddddddd: 5 }],
      e: 1,
    },
  ],
  [{ a: { b: [{ c: 1 }] } }, "and", ["x"]],
  [
    new (class Foo {
      get [Symbol.toStringTag]() {
        return "Bar";
      }
    })(),
  ],
  [{ [Symbol.for("nodejs.util.inspect.custom")]: () => "made by itself" }],
  [{ x: { [Symbol.for("nodejs.util.inspect.custom")]: () => ({ y: 1 }) } }],
];

for (const row of ROWS) {
  const expected = nodeFormat(...row);
  law(`${JSON.stringify(expected).slice(0, 80)} is written as in Node`, () => assert.is(format(row), expected));
}

// Node 26 leaves the brackets out.
law("a key that is a symbol is in brackets", () => {
  assert.is(format([{ [Symbol("s")]: 1 }]), "{ [Symbol(s)]: 1 }");
  assert.is(format([{ [Symbol.toStringTag]: "Tag", a: 1 }]), "{ a: 1, [Symbol(Symbol.toStringTag)]: 'Tag' }");
});

law("an error is its stack, its fields and its cause, as in Node", () => {
  class Custom extends Error {
    override name = "Custom";
  }
  for (const error of [
    new Error("text"),
    Object.assign(new TypeError("text"), { code: "E_X", data: { a: 1 } }),
    Object.assign(new Error("no stack"), { stack: undefined }),
  ]) {
    assert.is(format([error]), nodeFormat(error));
    assert.is(format(["%s", error]).split("\n")[0], nodeFormat("%s", error).split("\n")[0]);
  }
  const outer = format([new Error("outer", { cause: new RangeError("inner") })]);
  assert.match(outer, /^Error: outer\n +at [^]* \{\n  \[cause\]: RangeError: inner\n      at [^]*\n\}$/);
  assert.match(
    format([new AggregateError([1, "b"], "several")]),
    /^AggregateError: several\n[^]* \{\n  \[errors\]: \[ 1, 'b' \]\n\}$/,
  );
  assert.match(format([{ inside: new Custom("text") }]), /inside: .*text\n +at /);
});

law("a stack without a heading, as QuickJS has it, gets one", () => {
  const error = Object.assign(new TypeError("text"), { stack: "    at f (<input>:1:2)\n" });
  Object.defineProperty(error, "stack", { enumerable: false });
  assert.is(format([error]), "TypeError: text\n    at f (<input>:1:2)");
});

law("a long text, a long list and a wide object are cut", () => {
  assert.ok(format(["x".repeat(1e6)]).length < 20_000);
  assert.ok(format([new Array(1e6).fill("xyz")]).length < 20_000);
  assert.match(format([new Array(1e3).fill(0)]), /900 more items/);
  assert.ok(format([Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [`key${i}`, i]))]).length < 40_000);
  assert.ok(format(new Array(1e4).fill({ a: "x".repeat(100) })).length < 40_000);
  assert.ok(format([new Array(1e9)]).length < 100_000);
  assert.ok(format([new Set(Array.from({ length: 1e5 }, (_, i) => i))]).length < 20_000);
});

law("looking at a value never throws", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const hostile = [
    proxy,
    new Proxy(
      {},
      {
        ownKeys() {
          throw new Error("no");
        },
      },
    ),
    new Proxy(
      {},
      {
        getPrototypeOf() {
          throw new Error("no");
        },
      },
    ),
    {
      [Symbol.for("nodejs.util.inspect.custom")]() {
        throw new Error("no");
      },
    },
    {
      get [Symbol.toStringTag]() {
        throw new Error("no");
      },
    },
    Object.create({
      get constructor() {
        throw new Error("no");
      },
    }),
    Object.assign(Object.create(Date.prototype), {}),
    Object.assign(Object.create(Map.prototype), {}),
    Object.defineProperty(new Error("x"), "stack", {
      get() {
        throw new Error("no");
      },
    }),
    {
      toString() {
        throw new Error("no");
      },
    },
  ];
  for (const value of hostile) {
    for (const mark of ["%s", "%d", "%i", "%f", "%j", "%o", "%O", "%c"]) assert.type(format([mark, value]), "string");
    assert.type(format([value]), "string");
    assert.type(format([{ inside: [value] }]), "string");
  }
});

law("small plain values are written as in Node, whatever they are", () => {
  const { value } = fc.letrec((tie) => ({
    leaf: fc.oneof(fc.integer(), fc.constantFrom(true, null, undefined, -0, 1.5, "a", "it's", "b\n", 5n)),
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      tie("leaf"),
      fc.array(tie("value"), { maxLength: 5 }),
      fc.dictionary(fc.constantFrom("a", "b", "long key", "x1"), tie("value"), { maxKeys: 4 }),
    ),
  }));
  fc.assert(
    fc.property(value, (one) => assert.is(format([one]), nodeFormat(one))),
    { numRuns: 1_000 },
  );
});

const attachedHost = () => {
  const host = fakeHost();
  attach(host);
  return host;
};

law("each method has its level", () => {
  const host = attachedHost();
  for (const [method, level] of [
    ["log", 3],
    ["info", 3],
    ["debug", 4],
    ["warn", 2],
    ["error", 1],
    ["dir", 3],
    ["dirxml", 3],
    ["table", 3],
  ] as const) {
    guestConsole[method]("x");
    const line = host.lines.at(-1);
    assert.is(line?.level, level, method);
    assert.ok(line?.text === "x" || line?.text === "'x'");
  }
});

law("what the level silences is not even looked at", () => {
  const host = attachedHost();
  host.level = 1;
  const never = {
    [Symbol.for("nodejs.util.inspect.custom")]() {
      throw assert.unreachable();
    },
  };
  guestConsole.log(never);
  guestConsole.debug("%s", never);
  guestConsole.dir(never);
  guestConsole.table([never]);
  guestConsole.trace(never);
  guestConsole.count();
  guestConsole.countReset();
  guestConsole.error("heard");
  assert.equal(host.lines, [{ level: 1, text: "heard" }]);
});

law("a group indents what is in it, every line of it", () => {
  const host = attachedHost();
  guestConsole.group("outer");
  guestConsole.log("a\nb");
  guestConsole.group();
  guestConsole.warn("c");
  guestConsole.groupEnd();
  guestConsole.groupEnd();
  guestConsole.groupEnd();
  guestConsole.log("d");
  assert.equal(
    host.lines.map(({ text }) => text),
    ["outer", "  a\n  b", "    c", "d"],
  );
});

law("groups without end have an end of their indentation", () => {
  const host = attachedHost();
  for (let i = 0; i < 10_000; i++) guestConsole.group();
  guestConsole.log("x");
  assert.ok((host.lines.at(-1)?.text.length ?? Infinity) < 300);
  for (let i = 0; i < 10_000; i++) guestConsole.groupEnd();
  guestConsole.log("y");
  assert.is(host.lines.at(-1)?.text, "y");
});

law("assert is silent while what it is told holds", () => {
  const host = attachedHost();
  guestConsole.assert(true, "x");
  guestConsole.assert(1);
  assert.equal(host.lines, []);
  guestConsole.assert(false);
  guestConsole.assert(0, "got %d", 5);
  guestConsole.assert(false, { a: 1 });
  assert.equal(
    host.lines.map(({ level, text }) => `${level} ${text}`),
    ["1 Assertion failed", "1 Assertion failed: got 5", "1 Assertion failed: { a: 1 }"],
  );
});

law("counters count, timers tell, and both say when there is none", () => {
  const host = attachedHost();
  guestConsole.count();
  guestConsole.count("x");
  guestConsole.count();
  guestConsole.countReset();
  guestConsole.count();
  guestConsole.countReset("never");
  guestConsole.time("t");
  guestConsole.timeLog("t", "so far");
  guestConsole.timeEnd("t");
  guestConsole.timeEnd("t");
  const texts = host.lines.map(({ text }) => text.replace(/\d+ms/, "Nms"));
  assert.equal(texts, [
    "default: 1",
    "x: 1",
    "default: 2",
    "default: 1",
    "Count for 'never' does not exist",
    "t: Nms so far",
    "t: Nms",
    "No such label 't' for console.time()",
  ]);
});

law("trace says where it was called", () => {
  const host = attachedHost();
  guestConsole.trace("here %d", 1);
  assert.match(host.lines[0]?.text ?? "", /^Trace: here 1\n +at .*console\.test/);
});

law("a table has a row for each, and a column for each key", () => {
  const host = attachedHost();
  guestConsole.table([{ a: 1, b: "x" }, { a: 2, c: true }, 5]);
  assert.is(
    host.lines[0]?.text,
    [
      "┌─────────┬───┬─────┬──────┬────────┐",
      "│ (index) │ a │ b   │ c    │ Values │",
      "├─────────┼───┼─────┼──────┼────────┤",
      "│ 0       │ 1 │ 'x' │      │        │",
      "│ 1       │ 2 │     │ true │        │",
      "│ 2       │   │     │      │ 5      │",
      "└─────────┴───┴─────┴──────┴────────┘",
    ].join("\n"),
  );
  guestConsole.table([{ a: 1, b: 2 }], ["b"]);
  assert.ok(!host.lines[1]?.text.includes(" a "));
  guestConsole.table(new Array(1e5).fill({ a: 1 }));
  assert.ok((host.lines[2]?.text.length ?? Infinity) < 10_000);
});

law.run();
